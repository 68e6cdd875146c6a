/** What `setup` and `uninstall` are told. */

/** Options of both commands. */
export interface ConfigureOptions {
  readonly client?: readonly string[];
  readonly dryRun?: true;
  readonly exitCode?: true;
  readonly yes?: true;
  readonly project?: true;
  readonly replace?: true;
  readonly command?: string;
  readonly allowTools?: true;
}
