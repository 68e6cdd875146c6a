/** Programs as a shell finds them. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Path of a program on `PATH`, or undefined. */
export function programOnPath(name: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string | undefined {
  return programsOnPath(name, env, platform)[0];
}

/** Every program of a name on `PATH`, in the order of its folders. */
export function programsOnPath(name: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string[] {
  const endings = platform === "win32" ? (env.PATHEXT ?? ".EXE;.CMD;.BAT").split(";") : [""];
  const folders = (env.PATH ?? env.Path ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders
    .flatMap((folder) => endings.map((ending) => join(folder, name + ending.toLowerCase())))
    .filter(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
