import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { masterKeyFrom, parseMasterKey } from './master-key.js';
import { NO_PERSONAL_FIELDS, PERSONAL_BYTES_MAX } from './personal-fields.js';
import { newSubject, SubjectKeys } from './subject-keys.js';

const MASTER = parseMasterKey('11'.repeat(32));
const PERSON = { name: 'Zoë Quillfeather', email: 'zoe@example.com' };
const WHEN = '2026-11-22T18:00:00Z';

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'daybook-keys-')), 'keys');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('keys of subjects', () => {
  it('seal and open, for their own subject only, always of one length', () => {
    const keys = new SubjectKeys(directory, MASTER);
    const [one, other] = [newSubject(), newSubject()];
    const sealed = keys.seal(one, PERSON);
    expect(sealed).toHaveLength(480);
    expect(keys.seal(one, { name: 'A' })).toHaveLength(480);
    expect(keys.open(one, sealed)).toEqual({ kind: 'open', fields: PERSON });
    expect(new SubjectKeys(directory, MASTER).open(one, sealed)).toMatchObject({ kind: 'open' });
    keys.seal(other, PERSON);
    expect(() => keys.open(other, sealed)).toThrow('do not open');
    const flipped = `${sealed.slice(0, -1)}${sealed.endsWith('0') ? '1' : '0'}`;
    expect(() => keys.open(one, flipped)).toThrow('do not open');
  });

  it('write nothing personal to their files, and the master key neither', () => {
    const keys = new SubjectKeys(directory, MASTER);
    keys.seal(newSubject(), PERSON);
    const [file] = readdirSync(directory);
    const content = readFileSync(join(directory, file!));
    expect(content.includes('Quillfeather')).toBe(false);
    expect(content.includes(Buffer.from(MASTER))).toBe(false);
  });

  it('erase for every process, for good, and again without harm', () => {
    const keys = new SubjectKeys(directory, MASTER);
    const another = new SubjectKeys(directory, MASTER);
    const subject = newSubject();
    const sealed = keys.seal(subject, PERSON);
    expect(another.open(subject, sealed).kind).toBe('open');
    keys.erase(subject, WHEN);
    expect(another.open(subject, sealed)).toEqual({ kind: 'erased', when: WHEN });
    expect(() => another.seal(subject, PERSON)).toThrow('was erased');
    expect(another.subjects()).toEqual([]);
    another.erase(subject, '2027-01-01T00:00:00Z');
    expect(keys.erasedAt(subject)).toBe(WHEN);
  });

  it('finish an erasure that a crash cut short after its tombstone', () => {
    const keys = new SubjectKeys(directory, MASTER);
    const subject = newSubject();
    const sealed = keys.seal(subject, PERSON);
    writeFileSync(join(directory, `${subject}.erased`), WHEN);
    expect(keys.open(subject, sealed).kind).toBe('erased');
    keys.erase(subject, WHEN);
    expect(readdirSync(directory)).toEqual([`${subject}.erased`]);
  });

  it('say what is missing: the master key, the right one, the key', () => {
    const subject = newSubject();
    const sealed = new SubjectKeys(directory, MASTER).seal(subject, PERSON);
    expect(new SubjectKeys(directory, undefined).open(subject, sealed)).toEqual({ kind: 'sealed' });
    const wrong = new SubjectKeys(directory, parseMasterKey('22'.repeat(32)));
    expect(() => wrong.open(subject, sealed)).toThrow('master key');
    const elsewhere = new SubjectKeys(`${directory}-other`, MASTER);
    expect(elsewhere.open(subject, sealed)).toEqual({ kind: 'sealed' });
    expect(() => elsewhere.erase(subject, WHEN)).toThrow('has no key');
    expect(() => wrong.open('../../etc/passwd', sealed)).toThrow('hex digits');
  });

  it('take fields up to the limit and not one byte more', () => {
    const keys = new SubjectKeys(directory, MASTER);
    const subject = newSubject();
    const fits = { n: 'x'.repeat(PERSONAL_BYTES_MAX - '{"n":""}'.length) };
    expect(keys.open(subject, keys.seal(subject, fits))).toEqual({ kind: 'open', fields: fits });
    expect(() => keys.seal(subject, { n: `${fits.n}x` })).toThrow(`${PERSONAL_BYTES_MAX} fit`);
  });

  it('make no key for somebody without personal fields', () => {
    const keys = new SubjectKeys(directory, undefined);
    expect(keys.seal(newSubject(), {})).toBe(NO_PERSONAL_FIELDS);
    expect(keys.open(newSubject(), NO_PERSONAL_FIELDS)).toEqual({ kind: 'none' });
    expect(keys.subjects()).toEqual([]);
  });
});

describe('the master key', () => {
  it('comes from the environment or a file, and is checked', () => {
    const path = `${directory}-master`;
    writeFileSync(path, `${'33'.repeat(32)}\n`);
    expect(masterKeyFrom({})).toBeUndefined();
    expect(masterKeyFrom({ DAYBOOK_MASTER_KEY: '33'.repeat(32) })).toHaveLength(32);
    expect(masterKeyFrom({ DAYBOOK_MASTER_KEY_FILE: path })).toHaveLength(32);
    expect(() => masterKeyFrom({ DAYBOOK_MASTER_KEY: 'secret' })).toThrow('64 hex digits');
    expect(() => masterKeyFrom({ DAYBOOK_MASTER_KEY_FILE: `${path}-none` })).toThrow('ENOENT');
    rmSync(path);
  });
});
