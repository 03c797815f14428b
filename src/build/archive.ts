/** .tar.gz and .zip, written here so that a release needs no other program and the same files give the same bytes. */

export type Entry = { name: string; bytes: Uint8Array; executable: boolean };

const BLOCK = 512;
/** A fixed date, 1980-01-01 UTC: the oldest both formats can say. */
const MODIFIED_SECONDS = 315_532_800;
const modeOf = (entry: Entry) => (entry.executable ? 0o755 : 0o644);

/** A ustar archive, compressed. */
export function tarGz(entries: Entry[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    const padding = new Uint8Array((BLOCK - (entry.bytes.length % BLOCK)) % BLOCK);
    return [tarHeader(entry), entry.bytes, padding];
  });
  return Bun.gzipSync(Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]));
}

function tarHeader(entry: Entry): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    header.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
  header.write(entry.name, 0, 100, "utf8");
  octal(modeOf(entry), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(entry.bytes.length, 124, 12);
  octal(MODIFIED_SECONDS, 136, 12);
  header.write("        0", 148, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  // The checksum counts its own field as spaces.
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const DEFLATE = 8;
const DOS_1980_01_01 = 0x21;
const UNIX = 3;

/** A zip archive that keeps the executable bit. Sizes below 4 GB. */
export function zip(entries: Entry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packed = Bun.deflateSync(new Uint8Array(entry.bytes));
    const name = new TextEncoder().encode(entry.name);
    const common = zipFields(entry, packed.length, name.length);
    const local = Buffer.concat([word32(LOCAL), common, word16(0), name, packed]);
    const attributes = (0o100_000 | modeOf(entry)) * 0x10000;
    central.push(
      Buffer.concat([
        ...[word32(CENTRAL), Uint8Array.of(20, UNIX), common, word16(0), word16(0), word16(0), word16(0)],
        ...[word32(attributes), word32(offset), name],
      ]),
    );
    parts.push(local);
    offset += local.length;
  }
  const size = central.reduce((total, part) => total + part.length, 0);
  const counts = [word16(0), word16(0), word16(entries.length), word16(entries.length)];
  const end = [word32(END), ...counts, word32(size), word32(offset), word16(0)];
  return Buffer.concat([...parts, ...central, ...end]);
}

/** What the local and the central header share: version needed to name length. */
function zipFields(entry: Entry, packedBytes: number, nameBytes: number): Uint8Array {
  return Buffer.concat([
    ...[word16(20), word16(0), word16(DEFLATE), word16(0), word16(DOS_1980_01_01)],
    ...[word32(Bun.hash.crc32(entry.bytes)), word32(packedBytes), word32(entry.bytes.length), word16(nameBytes)],
  ]);
}

const word16 = (value: number) => Uint8Array.of(value & 255, (value >> 8) & 255);
const word32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
