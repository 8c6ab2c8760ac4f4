/** Rules for Markdown. */
import { posix } from 'node:path';
import type { SourceFile } from './repository.js';

export const FOLDER_README_LINES_MAX = 40;

/** Text without code blocks, where `#` and brackets mean other things; lines keep their numbers. */
function prose(text: string): string[] {
  let inCode = false;
  return text.split('\n').map((line) => {
    const fence = line.startsWith('```');
    if (fence) inCode = !inCode;
    return inCode || fence ? '' : line;
  });
}

export function titles({ path, text }: SourceFile): string[] {
  const count = prose(text).filter((line) => line.startsWith('# ')).length;
  return count === 1 ? [] : [`${path}:1: error: ${count} titles of the first level, one is right`];
}

const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)/g;

/** @param exists whether there is a file or folder at a path from the root */
export function brokenLinks(
  { path, text }: SourceFile,
  exists: (path: string) => boolean,
): string[] {
  const errors: string[] = [];
  prose(text).forEach((line, index) => {
    for (const match of line.matchAll(LINK)) {
      const target = posix.join(posix.dirname(path), match[1] as string);
      if (!exists(target)) errors.push(`${path}:${index + 1}: error: no ${target}`);
    }
  });
  return errors;
}

/** A path of ours in code type, such as `src/lib/ring.ts`; with a wildcard or a place holder none. */
const MENTIONED = /`((?:src|docs|test|bench|migrations)\/[A-Za-z0-9_./-]+)`/g;

export function missingPaths(
  { path, text }: SourceFile,
  exists: (path: string) => boolean,
): string[] {
  const errors: string[] = [];
  prose(text).forEach((line, index) => {
    for (const match of line.matchAll(MENTIONED)) {
      const mentioned = match[1] as string;
      if (!exists(mentioned)) errors.push(`${path}:${index + 1}: error: no ${mentioned}`);
    }
  });
  return errors;
}

export function folderReadmes(folders: readonly string[], files: readonly SourceFile[]): string[] {
  return folders.flatMap((folder) => {
    const path = `${folder}/README.md`;
    const readme = files.find((file) => file.path === path);
    if (readme === undefined) return [`${path}:1: error: there is none`];
    const lines = readme.text.trimEnd().split('\n').length;
    if (lines <= FOLDER_README_LINES_MAX) return [];
    return [`${path}:${FOLDER_README_LINES_MAX + 1}: error: ${lines} lines`];
  });
}

const DECISION = /^docs\/decisions\/0*(\d+)-[a-z0-9-]+\.md$/;

/** A decision record has its number in its title, and below it says whether it holds and where its code is. */
export function wrongDecision({ path, text }: SourceFile): string[] {
  const number = DECISION.exec(path)?.[1];
  if (number === undefined) return [];
  const [title = '', blank, status = ''] = text.split('\n');
  const errors: string[] = [];
  if (!title.startsWith(`# ${number}. `)) errors.push(`${path}:1: error: no "# ${number}. TITLE"`);
  if (
    blank !== '' ||
    !/^Status: (accepted|superseded by decision \d+)\b[^.]*\. (Code|Files): /.test(status)
  ) {
    const wanted = 'Status: accepted. Code: PATHS';
    errors.push(`${path}:3: error: no "${wanted}"`);
  }
  return errors;
}
