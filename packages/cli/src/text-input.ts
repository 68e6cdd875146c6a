/** The text of a message: the words of the command line, a file, standard input, joined in this order. */
import { fstatSync, readFileSync, statSync } from "node:fs";
import { refusalSentences, StateFolderError, typedPath } from "@agentmesh/client/node";
import { MAX_BODY_BYTES, systemRefusal } from "@agentmesh/protocol";
import { CommandError, usageError } from "./command-error.ts";
import { remark } from "./terminal/output.ts";

/** Where a command's text comes from. */
export interface TextSource {
  readonly words: readonly string[];
  /** A file; `-` is standard input. */
  readonly file?: string | undefined;
}

/**
 * How long standard input may stay silent beside a text that is there already. A pipe of a shell has somebody who writes
 * into it; a socket is mostly a parent that left it open and means nothing by it.
 */
const SILENCE_MS = { pipe: 30_000, socket: 500 };

/** Without a text of its own a command waits longer for a socket. */
const ALONE_MS = 10_000;

/** Far beyond what a broker takes: reading ends there, however much more would come. */
const MOST_BYTES = 4 * MAX_BODY_BYTES;

/** After this a command says that it reads. */
const TOLD_AFTER_MS = 1_000;

type Stdin = "terminal" | "file" | "pipe" | "socket" | "none";

/** Puts a text together. @throws CommandError when it is empty, too large, no text, or standard input does not end */
export async function textFrom({ words, file }: TextSource, about: string): Promise<string> {
  const parts: string[] = [];
  const typed = words.filter((word) => word !== "-").join(" ");
  if (typed !== "") parts.push(typed);
  if (file !== undefined && file !== "-") parts.push(fileText(file));
  const asked = words.includes("-") || file === "-";
  const alone = parts.length === 0;
  const piped = await standardInput(asked, alone);
  if (piped !== "") {
    if (!asked && !alone) remark(`Standard input was added to the text: ${piped.length} characters.`);
    parts.push(piped);
  }
  const text = parts.join("\n");
  if (text.trim() === "") throw usageError(`The ${about} is empty. Nothing was sent.`);
  return text;
}

/**
 * What standard input has for a text: all of it when it was `asked` for with `-` or there is nothing else, what is there
 * when the text stands `alone` without it. @throws CommandError
 */
async function standardInput(asked: boolean, alone: boolean): Promise<string> {
  const kind = kindOfStdin();
  if ((kind === "none" || kind === "terminal") && !asked && !alone) return "";
  if (kind === "terminal") remark("Type the message; Ctrl-D on an empty line sends it.");
  const patient = asked || (kind !== "pipe" && kind !== "socket") || (alone && kind === "pipe");
  const limitMs = patient ? undefined : alone ? ALONE_MS : SILENCE_MS[kind];
  const { bytes, ended } = await readAll(limitMs, kind !== "terminal");
  if (ended) return decoded(bytes, "What came on standard input");
  if (kind === "socket" && !alone && bytes.length === 0) {
    remark("Standard input is open and silent: the text goes without it. To send what comes there, write - as well.");
    return "";
  }
  const remedy = alone ? "or write the text behind the command" : "or < /dev/null to send the text alone";
  throw usageError(
    `Standard input is open, and neither goes on nor ends. Nothing was sent. Write - to wait as long as it takes, ${remedy}.`,
  );
}

/** What standard input is: only what can hold text for this command is read. */
function kindOfStdin(): Stdin {
  if (process.stdin.isTTY) return "terminal";
  try {
    const stat = fstatSync(0);
    if (stat.isFile() || stat.isDirectory()) return "file"; // reading a folder says that it is one
    if (stat.isFIFO()) return "pipe";
    if (stat.isSocket()) return "socket";
    return "none"; // /dev/null and its like
  } catch {
    return "none"; // closed
  }
}

/** Standard input to its end, or until it is silent for `limitMs`. @throws CommandError when it cannot be read or is too large */
async function readAll(limitMs: number | undefined, tell: boolean): Promise<{ bytes: Buffer; ended: boolean }> {
  const { stdin } = process;
  const told = tell ? setTimeout(() => remark("Reading standard input until it ends …"), TOLD_AFTER_MS) : undefined;
  let silence: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (ended: boolean) => resolve({ bytes: Buffer.concat(chunks), ended });
      const restart = () => {
        clearTimeout(silence);
        if (limitMs !== undefined) silence = setTimeout(end, size > 0 ? Math.max(ALONE_MS, limitMs) : limitMs, false);
      };
      stdin.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > MOST_BYTES) reject(tooLarge("Standard input", size));
        restart();
      });
      stdin.once("end", () => end(true));
      stdin.once("error", reject);
      restart();
    });
  } catch (error) {
    const refusal = systemRefusal(error);
    if (!refusal) throw error;
    throw usageError(refusalSentences(refusal, { about: "Standard input", denied: "cannot be read" }));
  } finally {
    clearTimeout(told);
    clearTimeout(silence);
    // Whoever holds the other end open keeps no command from ending.
    stdin.destroy();
  }
}

function fileText(file: string): string {
  let path: string | undefined;
  try {
    path = typedPath(file, "--file");
    const { size } = statSync(path);
    if (size > MOST_BYTES) throw tooLarge(path, size);
    return decoded(readFileSync(path), path);
  } catch (error) {
    if (error instanceof StateFolderError) throw usageError(error.message);
    const refusal = systemRefusal(error);
    if (!refusal) throw error;
    throw usageError(
      `--file: ${refusalSentences(refusal, { about: file, denied: "cannot be read", ...(path !== undefined && { path }) })} Nothing was sent.`,
    );
  }
}

function decoded(bytes: Buffer, about: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw usageError(`${about} is not UTF-8 text. Nothing was sent. Send the path of the file instead.`);
  }
}

function tooLarge(about: string, size: number): CommandError {
  return new CommandError(
    "body_too_large",
    `${about} has ${size} bytes or more, the limit is ${MAX_BODY_BYTES}. Nothing was sent. Send a shorter text, or the path of the file.`,
    "refused",
  );
}
