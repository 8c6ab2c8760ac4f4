/** '192.0.2.1:80', '[2001:db8:0:0:0:0:0:1]:80'. */
export function endpointText(view: DataView, at: number, bytes: 4 | 16, port: number): string {
  const parts: string[] = [];
  if (bytes === 4) {
    for (let i = 0; i < 4; i++) parts.push(String(view.getUint8(at + i)));
    return `${parts.join('.')}:${port}`;
  }
  for (let i = 0; i < 16; i += 2) parts.push(view.getUint16(at + i).toString(16));
  return `[${parts.join(':')}]:${port}`;
}
