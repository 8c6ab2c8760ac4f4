/** Answers to what is not HTTP, or not in time: there is no request and no reply yet. */
import type { Socket } from 'node:net';
import { problem } from '../application/errors.js';
import type { ProblemCode } from '../application/problems.js';
import { PROBLEM_TYPE, problemDocument } from './problem.js';

const STATUS_LINES = {
  400: '400 Bad Request',
  408: '408 Request Timeout',
  413: '431 Request Header Fields Too Large',
} as const;

function codeOf(error: NodeJS.ErrnoException): ProblemCode {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TIMEOUT';
  return error.code === 'HPE_HEADER_OVERFLOW' ? 'REQUEST_TOO_LARGE' : 'REQUEST_MALFORMED';
}

export function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  // The client is gone, or its connection is: there is nobody to tell.
  const gone = error.code === 'ECONNRESET' || !socket.writable;
  // Without a handshake nothing can be told, nor is the connection ended by asking it to.
  if (gone || error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    socket.destroy();
    return;
  }
  const document = problemDocument(problem(codeOf(error)), 'none');
  const body = JSON.stringify(document);
  const status = STATUS_LINES[document.status as keyof typeof STATUS_LINES] ?? STATUS_LINES[400];
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
