/** One word for a repository, however its remote URL is written. */
import { expect, test } from "vitest";
import { MAX_REPOSITORY_CHARS, repositoryOf } from "../src/index.ts";

test.each([
  "git@github.com:Acme/shop.git",
  "git@github.com:Acme/shop",
  "github.com:Acme/shop.git",
  "ssh://git@github.com/Acme/shop.git",
  "ssh://git@github.com:22/Acme/shop",
  "ssh://git@ssh.github.com:443/Acme/shop.git",
  "git+ssh://git@github.com/Acme/shop.git",
  "git://github.com/Acme/shop.git",
  "https://github.com/Acme/shop",
  "https://github.com/Acme/shop.git/",
  "https://GitHub.com:443//Acme/shop.git",
  "https://ada:s3cret@github.com/Acme/shop.git?x=1#y",
  "HTTPS://github.com./Acme/shop.GIT",
  "  https://github.com/Acme/shop.git\n",
  "github.com/Acme/shop",
])("%j is the repository github.com/Acme/shop", (url) => {
  expect(repositoryOf(url)).toBe("github.com/Acme/shop");
});

test.each([
  ["another path", "https://github.com/Acme/shop2", "github.com/Acme/shop2"],
  ["letters of the path in another case", "https://github.com/acme/shop", "github.com/acme/shop"],
  ["another host", "git@git.acme.test:Acme/shop.git", "git.acme.test/Acme/shop"],
  ["a host by its address", "ssh://git@[2001:db8::1]:2222/shop.git", "[2001:db8::1]/shop"],
  ["a name with a space in it", "https://git.acme.test/a%C3%A9/shop", "git.acme.test/aé/shop"],
])("%s is another repository", (_, url, named) => {
  expect(repositoryOf(url)).toBe(named);
});

test.each([
  "",
  "/srv/git/shop.git",
  "../shop",
  "./shop",
  "shop",
  "shop.git",
  "file:///srv/git/shop.git",
  "C:\\repos\\shop",
  "C:/repos/shop",
  "c:shop",
  "https://localhost:3000/acme/shop",
  "ssh://git@127.0.0.1/acme/shop",
  "git@localhost:acme/shop.git",
  "http://[::1]/shop",
  "ext::ssh host %S",
  "https://github.com",
  "https://github.com/",
  "https://github.com/.git/..",
  "https://git.acme.test/a%0Ab",
  "https://git.acme.test/a b",
  `https://git.acme.test/${"a".repeat(MAX_REPOSITORY_CHARS)}`,
  "https://[/shop",
])("%j names nothing that another machine would know", (url) => {
  expect(repositoryOf(url)).toBeUndefined();
});

test("what was said of a repository once is said of that again", () => {
  for (const url of ["git@github.com:Acme/shop.git", "https://git.acme.test/a/b/c.git"]) {
    const named = repositoryOf(url) ?? "";
    expect(repositoryOf(named)).toBe(named);
  }
});
