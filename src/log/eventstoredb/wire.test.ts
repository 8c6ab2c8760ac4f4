import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeReadEvent } from './read-message.js';
import { decodeBatchAppendRequest } from './server/batch-append-request.js';
import { revisionText, type StoredEvent, TOMBSTONE_REVISION } from './stored-event.js';
import { varintLength, WireError, WireReader, WireWriter } from './wire.js';

const bytes = fc.uint8Array({ maxLength: 300 });
const revision = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 127, 128, TOMBSTONE_REVISION));

const storedEvent: fc.Arbitrary<StoredEvent> = fc.record({
  stream: fc.string({ minLength: 1, unit: 'grapheme' }),
  revision,
  position: fc.maxSafeNat(),
  id: fc.uuid(),
  type: fc.string({ minLength: 1, unit: 'grapheme' }),
  contentType: fc.constantFrom('application/json', 'application/octet-stream'),
  createdTicks: fc.bigInt({ min: 0n, max: 10n ** 17n }),
  customMetadata: bytes,
  data: bytes,
});

function plain(recorded: streams.ReadResp.ReadEvent.RecordedEvent): unknown {
  const metadata = recorded.getMetadataMap();
  return {
    stream: Buffer.from(recorded.getStreamIdentifier()!.getStreamName_asU8()).toString('utf8'),
    revision: recorded.getStreamRevision(),
    positions: [recorded.getCommitPosition(), recorded.getPreparePosition()],
    id: recorded.getId()!.getString(),
    metadata: ['type', 'content-type', 'created'].map((key) => metadata.get(key)),
    customMetadata: [...recorded.getCustomMetadata_asU8()],
    data: [...recorded.getData_asU8()],
  };
}

function expected(event: StoredEvent): unknown {
  const position = String(event.position);
  return {
    stream: event.stream,
    revision: revisionText(event.revision),
    positions: [position, position],
    id: event.id,
    metadata: [event.type, event.contentType, event.createdTicks.toString()],
    customMetadata: [...event.customMetadata],
    data: [...event.data],
  };
}

describe('wire form of a read event', () => {
  it('is what the generated decoder reads back, event and link alike', () => {
    fc.assert(
      fc.property(fc.option(storedEvent), storedEvent, (event, link) => {
        const message = encodeReadEvent(event === null ? { link } : { event, link });
        const read = streams.ReadResp.deserializeBinary(message).getEvent()!;
        expect(read.getCommitPosition()).toBe(String(link.position));
        expect(plain(read.getLink()!)).toEqual(expected(link));
        if (event === null) expect(read.hasEvent()).toBe(false);
        else expect(plain(read.getEvent()!)).toEqual(expected(event));
      }),
    );
  });
});

describe('wire form of a batch append', () => {
  it('reads what the generated encoder writes', () => {
    fc.assert(
      fc.property(fc.array(storedEvent, { maxLength: 5 }), fc.boolean(), (events, isFinal) => {
        const message = new streams.BatchAppendReq();
        const id = crypto.randomUUID();
        message.setCorrelationId(uuid(id));
        message.setIsFinal(isFinal);
        for (const event of events) message.addProposedMessages(proposal(event));
        const decoded = decodeBatchAppendRequest(Buffer.from(message.serializeBinary()));
        expect(decoded.correlationId).toBe(id);
        expect(decoded.isFinal).toBe(isFinal);
        expect(decoded.error).toBeUndefined();
        expect(
          decoded.events.map((event) => ({
            ...event,
            customMetadata: [...event.customMetadata],
            data: [...event.data],
          })),
        ).toEqual(
          events.map((event) => ({
            id: event.id,
            type: event.type,
            contentType: event.contentType,
            customMetadata: [...event.customMetadata],
            data: [...event.data],
          })),
        );
      }),
    );
  });

  it('never reads past its end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          decodeBatchAppendRequest(Buffer.from(noise));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('varints', () => {
  it('come back as written, around every size and beyond 32 bits', () => {
    const edges = [0, 1, 127, 128, 16383, 16384, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeNat(), fc.constantFrom(...edges)), (value) => {
        const writer = new WireWriter(varintLength(value));
        writer.varint(value);
        expect(writer.length).toBe(varintLength(value));
        expect(new WireReader(writer.bytes).varint()).toBe(value);
      }),
    );
  });

  it('are clamped when no double holds them, and refused when too long', () => {
    const maximum = Buffer.from('ffffffffffffffffff01', 'hex');
    expect(new WireReader(maximum).varint()).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => new WireReader(Buffer.alloc(11, 0xff)).varint()).toThrow(WireError);
    expect(() => new WireReader(Buffer.from([0x80])).varint()).toThrow(WireError);
  });
});

function uuid(text: string): shared.UUID {
  const id = new shared.UUID();
  id.setString(text);
  return id;
}

function proposal(event: StoredEvent): streams.BatchAppendReq.ProposedMessage {
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.setId(uuid(event.id));
  message.getMetadataMap().set('type', event.type).set('content-type', event.contentType);
  message.setCustomMetadata(event.customMetadata);
  message.setData(event.data);
  return message;
}
