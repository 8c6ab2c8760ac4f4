/** What waits for a second identity, and its decision. */
import { z } from 'zod';
import { APPROVAL_DECISION } from '../../../domain/approval.js';
import type { Application } from '../../application/application.js';
import {
  type ApprovalDecision,
  approval,
  approvals,
  decideApproval,
} from '../../application/approvals.js';
import * as F from '../schemas/fields.js';
import * as V from '../schemas/views.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

const byId = z.strictObject({ approval: F.approvalText });
const decisions = Object.keys(APPROVAL_DECISION) as [ApprovalDecision, ...ApprovalDecision[]];
const decision = z
  .strictObject({ decision: z.enum(decisions), text: F.text32.optional() })
  .meta({ examples: [{ decision: 'Approved', text: 'agreed with the desk' }] });

export function approvalRoutes(server: RestServer, app: Application): void {
  const tags = ['risk'];
  server.get(
    '/v1/approvals',
    {
      schema: {
        tags,
        summary: 'Changes that wait for a second identity, and the latest that were decided',
        response: { 200: V.listOf('approvals', V.approvalView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const list = approvals(app, request.caller);
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return { asOf: app.follower.sequence, approvals: list };
    },
  );
  server.get(
    '/v1/approvals/:approval',
    {
      schema: {
        tags,
        summary: 'One of them',
        params: byId,
        response: { 200: V.approvalView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = approval(app, request.caller, request.params.approval);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
  server.post(
    '/v1/approvals/:approval/decision',
    {
      schema: {
        tags,
        summary: 'Approve or refuse what another identity asked for, or withdraw what you did',
        description: 'Approved, the change is made before this is answered.',
        params: byId,
        body: decision,
        response: { 200: V.approvalView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { params, body, caller } = request;
      const view = await decideApproval(app, caller, params.approval, body);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
}
