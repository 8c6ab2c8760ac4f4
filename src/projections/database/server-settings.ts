import { totalmem } from 'node:os';

const MEBIBYTE = 1024 * 1024;
const SHARED_BUFFERS_MAX_MIB = 512;
const SHARED_BUFFERS_MIN_MIB = 32;

/**
 * Settings of the embedded server, for one thing: taking in projections in bulk beside a journal
 * that lives on the same disk.
 *
 * `synchronous_commit = off` loses at most the last half second of *committed* transactions when
 * the machine dies, never consistency. Rows and checkpoint are one transaction, so what is lost is
 * lost together and the projector takes it again from the journal: the journal is the record, this
 * is a view of it. `fsync` stays on, since a torn cluster would cost a rebuild from sequence 0.
 *
 * @param memoryBytes physical memory, of which an eighth goes to the buffer cache, within limits
 */
export function serverSettings(port: number, memoryBytes = totalmem()): Record<string, string> {
  const eighth = Math.floor(memoryBytes / 8 / MEBIBYTE);
  const buffers = Math.max(SHARED_BUFFERS_MIN_MIB, Math.min(SHARED_BUFFERS_MAX_MIB, eighth));
  return {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // A socket file's path is limited to 107 bytes, a data directory's is not: loopback only.
    unix_socket_directories: '',
    max_connections: '60',
    shared_buffers: `${buffers}MB`,
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    synchronous_commit: 'off',
    // Fewer, larger flushes: each one waits in the same disk queue as the journal's fdatasync.
    wal_writer_delay: '500ms',
    wal_writer_flush_after: '16MB',
    wal_level: 'minimal',
    max_wal_senders: '0',
    wal_buffers: '16MB',
    max_wal_size: '4GB',
    min_wal_size: '512MB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: '0.9',
    // Asynchronous I/O workers would be processes without work: the data fits the page cache.
    io_method: 'sync',
    jit: 'off',
    TimeZone: 'UTC',
    log_timezone: 'UTC',
    // A projector that died must not hold its locks: the kernel notices a closed loopback at once,
    // this covers a frozen one.
    idle_in_transaction_session_timeout: '60s',
    client_connection_check_interval: '1s',
  };
}
