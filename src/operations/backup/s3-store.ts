import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { BackupStore } from './backup-store.js';
import { BackupError } from './errors.js';

/** Tries of a request, with growing pauses between them, before it has failed. */
const S3_TRIES_MAX = 8;

/** Conditional writes that meet each other are told to try again; after this many they have lost. */
const CREATE_TRIES_MAX = 5;

/** Names per page of a listing: what S3 gives at most. */
const LIST_PAGE_MAX = 1000;

export interface S3Place {
  readonly bucket: string;
  /** In front of all names, without a slash at its end; may be empty. */
  readonly prefix: string;
  /** Undefined: that of the environment, or of AWS. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Names of a page, for tests. */
  readonly pageNames?: number;
}

/**
 * Backups in S3 or what speaks its protocol. Credentials come from where the SDK looks for them: the
 * environment (AWS_ACCESS_KEY_ID ...), its files, the instance.
 */
export class S3Store implements BackupStore {
  readonly description: string;
  readonly #client: S3Client;
  readonly #place: S3Place;

  constructor(place: S3Place) {
    const { bucket, prefix, endpoint, region } = place;
    this.description = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    this.#place = place;
    this.#client = new S3Client({
      maxAttempts: S3_TRIES_MAX,
      ...(region === undefined ? {} : { region }),
      // Buckets of other makers are in the path, not in the name of the host.
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    });
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#guard(name, () => this.#client.send(this.#putCommand(name, bytes)));
  }

  async create(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#guard(name, async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await this.#client.send(this.#putCommand(name, bytes, { IfNoneMatch: '*' }));
          return true;
        } catch (error) {
          const status = statusOf(error);
          // 412: there is one, maybe by a try of ours whose answer was lost. 409: one is under way.
          if (status === 412) return isSame(await this.get(name), bytes);
          if (status !== 409 || attempt === CREATE_TRIES_MAX) throw error;
        }
      }
    });
  }

  async get(name: string): Promise<Uint8Array> {
    return this.#guard(name, async () => {
      const command = new GetObjectCommand({ Bucket: this.#place.bucket, Key: this.#key(name) });
      const { Body: body } = await this.#client.send(command);
      if (body === undefined) throw new Error('an answer without a body');
      return body.transformToByteArray();
    });
  }

  async list(folder: string): Promise<string[]> {
    return this.#guard(folder, async () => {
      const before = this.#key('').length;
      const names: string[] = [];
      let token: string | undefined;
      do {
        const page = await this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#place.bucket,
            Prefix: this.#key(`${folder}/`),
            MaxKeys: this.#place.pageNames ?? LIST_PAGE_MAX,
            ContinuationToken: token,
          }),
        );
        for (const { Key: key } of page.Contents ?? []) {
          if (key !== undefined) names.push(key.slice(before));
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
      return names.sort();
    });
  }

  async remove(name: string): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#place.bucket, Key: this.#key(name) });
    await this.#guard(name, () => this.#client.send(command));
  }

  close(): void {
    this.#client.destroy();
  }

  #key(name: string): string {
    const { prefix } = this.#place;
    return prefix === '' ? name : `${prefix}/${name}`;
  }

  #putCommand(name: string, bytes: Uint8Array, more: { IfNoneMatch?: string } = {}) {
    const { bucket } = this.#place;
    const where = { Bucket: bucket, Key: this.#key(name) };
    return new PutObjectCommand({ ...where, Body: bytes, ContentLength: bytes.length, ...more });
  }

  async #guard<T>(name: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (cause) {
      if (cause instanceof BackupError) throw cause;
      const object = name;
      const isMissing = cause instanceof S3ServiceException && cause.name === 'NoSuchKey';
      if (isMissing) {
        const message = `${name} is not in ${this.description}`;
        throw new BackupError('BACKUP_OBJECT_MISSING', message, { object, cause });
      }
      const { name: kind, message: reason } = cause as Error;
      const message = `${this.description}/${name}: ${reason === '' ? kind : reason}`;
      throw new BackupError('BACKUP_STORE_FAILED', message, { object, cause });
    }
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
