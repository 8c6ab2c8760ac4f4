import { describe, expect, test } from 'vitest';
import { databaseUrl, parseDatabaseUrl } from './connection-settings.js';

describe('DATABASE_URL', () => {
  test('gives host, port, user, password and database, decoded', () => {
    expect(parseDatabaseUrl('postgres://us%40er:p%2Fw@db.local:6543/day%20book')).toEqual({
      ...{ host: 'db.local', port: 6543, user: 'us@er', password: 'p/w', database: 'day book' },
    });
  });

  test('has defaults for user, host and port', () => {
    expect(parseDatabaseUrl('postgresql:///daybook')).toEqual({
      ...{ host: '127.0.0.1', port: 5432, user: 'postgres', password: '', database: 'daybook' },
    });
  });

  test('goes back to text and comes out the same', () => {
    const settings = parseDatabaseUrl('postgres://a:b%3Ac@h:1/d?sslmode=require');
    expect(settings.ssl).toBe(true);
    expect(parseDatabaseUrl(databaseUrl(settings))).toEqual(settings);
  });

  test.each([
    ['not a url', /not a URL/],
    ['mysql://h/d', /must begin with postgres/],
    ['postgres://secret:hidden@h', /names no database/],
  ])('%s is refused without showing the password', (url, message) => {
    expect(() => parseDatabaseUrl(url)).toThrow(message);
    expect(() => parseDatabaseUrl(url)).not.toThrow(/hidden/);
  });
});
