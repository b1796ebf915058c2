import type { Command } from '../src/chat/command.ts';
import { approve } from './approve.ts';
import { backup } from './backup.ts';
import { cancel } from './cancel.ts';
import { check } from './check.ts';
import type { CommandContext } from './context.ts';
import { deleteWord } from './delete.ts';
import { deny } from './deny.ts';
import { files } from './files.ts';
import { list } from './list.ts';
import { pin } from './pin.ts';
import { postpone } from './postpone.ts';
import { restore } from './restore.ts';
import { schedule } from './schedule.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { undo } from './undo.ts';
import { unpin } from './unpin.ts';
import { verify } from './verify.ts';

/** Every word that people may say, in Slack, on the terminal and on the page. */
export const commands: readonly Command<CommandContext>[] = [
  backup,
  restore,
  undo,
  verify,
  pin,
  unpin,
  deleteWord,
  approve,
  deny,
  list,
  files,
  status,
  schedule,
  check,
  cancel,
  postpone,
  start,
];
