/** Bodies of the form that GitHub and GitLab document for their webhooks, and the text that each becomes. */

const repository = {
  id: 1296269,
  name: "Hello-World",
  full_name: "octocat/Hello-World",
  private: false,
  html_url: "https://github.com/octocat/Hello-World",
};
const sender = { login: "octocat", id: 1, type: "User" };
const project = {
  id: 15,
  name: "Diaspora",
  path_with_namespace: "mike/diaspora",
  web_url: "https://gitlab.example.com/mike/diaspora",
};
const user = { id: 1, name: "Administrator", username: "root", email: "[REDACTED]" };

/** Event by its header, body, text. */
export const bodies: {
  readonly github: readonly (readonly [string, object, string])[];
  readonly gitlab: readonly (readonly [string, object, string])[];
} = {
  github: [
    [
      "push",
      {
        ref: "refs/heads/main",
        before: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        after: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
        created: false,
        deleted: false,
        forced: true,
        compare: "https://github.com/octocat/Hello-World/compare/6113728f27ae...0d1a26e67d8f",
        commits: [
          {
            id: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
            message: "Fix the parser\n\nIt lost the last line.",
            author: { name: "Mona", username: "mona" },
          },
          { id: "7f3c1a2b9e", message: "Tidy", author: { name: "Hubot" } },
        ],
        ...{ repository, sender, pusher: { name: "octocat" } },
      },
      "GitHub: push in octocat/Hello-World by octocat: main, 2 commits, forced\n- 0d1a26e67 Fix the parser (mona)\n- 7f3c1a2b9 Tidy (Hubot)\nhttps://github.com/octocat/Hello-World/compare/6113728f27ae...0d1a26e67d8f",
    ],
    [
      "push",
      { ref: "refs/tags/v1", deleted: true, commits: [], repository, sender },
      "GitHub: push in octocat/Hello-World by octocat: v1, deleted",
    ],
    [
      "pull_request",
      {
        action: "opened",
        number: 2,
        pull_request: {
          number: 2,
          state: "open",
          title: "Update the README",
          body: "A simple change.",
          html_url: "https://github.com/octocat/Hello-World/pull/2",
          head: { ref: "changes" },
          user: sender,
        },
        ...{ repository, sender },
      },
      "GitHub: pull_request opened in octocat/Hello-World by octocat\n#2 Update the README on changes (open)\nhttps://github.com/octocat/Hello-World/pull/2\n\nA simple change.",
    ],
    [
      "issue_comment",
      {
        action: "created",
        issue: {
          number: 1,
          title: "Spelling error",
          state: "open",
          body: "the issue",
          html_url: "https://github.com/octocat/Hello-World/issues/1",
        },
        comment: {
          body: "You are right!\r\nFixed.",
          html_url: "https://github.com/octocat/Hello-World/issues/1#issuecomment-492700400",
        },
        ...{ repository, sender },
      },
      "GitHub: issue_comment created in octocat/Hello-World by octocat\n#1 Spelling error (open)\nhttps://github.com/octocat/Hello-World/issues/1#issuecomment-492700400\n\nYou are right!\nFixed.",
    ],
    [
      "workflow_run",
      {
        action: "completed",
        workflow_run: {
          id: 30433642,
          name: "Build",
          run_number: 562,
          head_branch: "main",
          status: "completed",
          conclusion: "failure",
          html_url: "https://github.com/octocat/Hello-World/actions/runs/30433642",
        },
        ...{ repository, sender },
      },
      "GitHub: workflow_run completed in octocat/Hello-World by octocat\n#562 Build on main (completed, failure)\nhttps://github.com/octocat/Hello-World/actions/runs/30433642",
    ],
    [
      "an_event_of_later",
      { action: ["not a word"], repository: "not an object", sender: null, issue: [] },
      "GitHub: an_event_of_later",
    ],
  ],
  gitlab: [
    [
      "Push Hook",
      {
        object_kind: "push",
        ref: "refs/heads/master",
        after: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
        user_name: "John Smith",
        user_username: "jsmith",
        project,
        commits: [
          {
            id: "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327",
            message: "Update Catalan translation to e38cb41.\n",
            author: { name: "Jordi Mallach" },
          },
        ],
        total_commits_count: 4,
      },
      "GitLab: push in mike/diaspora by jsmith: master, 4 commits\n- b6568db1b Update Catalan translation to e38cb41. (Jordi Mallach)\nhttps://gitlab.example.com/mike/diaspora",
    ],
    [
      "Merge Request Hook",
      {
        object_kind: "merge_request",
        ...{ user, project },
        object_attributes: {
          iid: 1,
          title: "MS-Viewport",
          description: "Makes it wider.",
          state: "opened",
          action: "open",
          source_branch: "ms-viewport",
          url: "https://gitlab.example.com/mike/diaspora/merge_requests/1",
        },
      },
      "GitLab: merge_request open in mike/diaspora by root\n#1 MS-Viewport on ms-viewport (opened)\nhttps://gitlab.example.com/mike/diaspora/merge_requests/1\n\nMakes it wider.",
    ],
    [
      "Note Hook",
      {
        object_kind: "note",
        ...{ user, project },
        object_attributes: {
          id: 1241,
          note: "This MR needs work.",
          noteable_type: "MergeRequest",
          url: "https://gitlab.example.com/mike/diaspora/merge_requests/1#note_1241",
        },
        merge_request: { iid: 1, title: "Tempora et eos", state: "opened" },
      },
      "GitLab: note in mike/diaspora by root\n#1 Tempora et eos\nhttps://gitlab.example.com/mike/diaspora/merge_requests/1#note_1241\n\nThis MR needs work.",
    ],
    [
      "Pipeline Hook",
      {
        object_kind: "pipeline",
        ...{ user, project },
        object_attributes: {
          id: 31,
          iid: 3,
          ref: "master",
          status: "failed",
          detailed_status: "failed",
          url: "https://gitlab.example.com/mike/diaspora/-/pipelines/31",
        },
      },
      "GitLab: pipeline in mike/diaspora by root\n#3 on master (failed)\nhttps://gitlab.example.com/mike/diaspora/-/pipelines/31",
    ],
    [
      "Job Hook",
      {
        object_kind: "build",
        ref: "gitlab-script-trigger",
        build_name: "test",
        build_status: "created",
        project_name: "mike / diaspora",
        user: { name: "User" },
      },
      "GitLab: build in mike / diaspora by User\ntest on gitlab-script-trigger (created)",
    ],
  ],
};
