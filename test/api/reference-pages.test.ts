import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { permissionsPage } from '../../src/cli/permissions-page.js';
import { errorCodesPage, eventsPage } from '../../src/cli/reference-pages.js';

const page = (name: string): string =>
  readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

describe('reference pages', () => {
  it('docs/events.md is what the catalogue says (daybook reference events)', () => {
    expect(page('events')).toBe(eventsPage());
  });

  it('docs/permissions.md is what the tables say (daybook reference permissions)', () => {
    expect(page('permissions')).toBe(permissionsPage());
  });

  it('docs/error-codes.md is what the catalogues say (daybook reference error-codes)', () => {
    expect(page('error-codes')).toBe(errorCodesPage());
  });
});
