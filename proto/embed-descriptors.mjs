// Writes the compiled definitions into a module, so that the reflection service needs no file.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const image = execFileSync('npx', [
  ...[
    'buf',
    'build',
    'proto',
    '--as-file-descriptor-set',
    '--exclude-source-info',
    '-o',
    '-#format=binpb',
  ],
]);
const lines = image.toString('base64').match(/.{1,90}/g) ?? [];
const text = lines.map((line) => `  '${line}'`).join(' +\n');
writeFileSync(
  'src/api/grpc/generated/descriptors.gen.ts',
  '/** The definitions in proto/ as a google.protobuf.FileDescriptorSet, by `npm run proto:generate`. */\n' +
    `export const descriptors: Buffer = Buffer.from(\n${text},\n  'base64',\n);\n`,
);
