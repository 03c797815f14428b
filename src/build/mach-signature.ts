/**
 * Ad-hoc signatures of macOS executables, checked and written without a Mac. `bun build --compile` signs darwin-arm64 well, but leaves
 * the runtime's own signature on darwin-x64, over bytes that have changed: macOS may kill such a program. The format is Apple's
 * "embedded signature": a super blob (big-endian) with one code directory that holds the SHA-256 of every 4 KiB page before it.
 */

const MH_MAGIC_64 = 0xfeedfacf;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const VERSION_WITH_EXEC_SEGMENT = 0x20400;
const ADHOC_LINKER_SIGNED = 0x20002;
const HASH_SHA256 = 2;
const HASH_BYTES = 32;
const PAGE_BYTES = 4096;
const PAGE_SHIFT = 12;
const SUPER_BLOB_BYTES = 20;
const CODE_DIRECTORY_BYTES = 88;
const MAIN_BINARY = 1n;
const CPU_ARM64 = 0x0100000c;

type Layout = {
  cpu: number;
  /** Offset of the LC_CODE_SIGNATURE command, and what it points to. */
  command: number;
  dataOffset: number;
  /** Offset of the LC_SEGMENT_64 command of __LINKEDIT. */
  linkEdit: number;
  text: { offset: bigint; size: bigint };
};

function layoutOf(bytes: Uint8Array): Layout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MH_MAGIC_64) throw new Error("not a 64-bit Mach-O file");
  let command = -1;
  let linkEdit = -1;
  let text = { offset: 0n, size: 0n };
  for (let at = 32, left = view.getUint32(16, true); left > 0; left--, at += view.getUint32(at + 4, true)) {
    const kind = view.getUint32(at, true);
    if (kind === LC_CODE_SIGNATURE) command = at;
    if (kind !== LC_SEGMENT_64) continue;
    const name = new TextDecoder().decode(bytes.subarray(at + 8, at + 24)).replace(/\0.*$/s, "");
    if (name === "__LINKEDIT") linkEdit = at;
    if (name === "__TEXT") text = { offset: view.getBigUint64(at + 40, true), size: view.getBigUint64(at + 48, true) };
  }
  if (command === -1 || linkEdit === -1) throw new Error("no place for a signature in this file");
  return { cpu: view.getUint32(4, true), command, dataOffset: view.getUint32(command + 8, true), linkEdit, text };
}

function pageHashes(bytes: Uint8Array, limit: number): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < limit; start += PAGE_BYTES) {
    hashes.push(
      new Bun.CryptoHasher("sha256").update(bytes.subarray(start, Math.min(start + PAGE_BYTES, limit))).digest(),
    );
  }
  return hashes;
}

export type SignatureCheck = { pages: number; mismatched: number; coversAll: boolean };

/** Recomputes every page's hash. Good: no mismatch, and the hashes cover everything before the signature. */
export function checkSignature(bytes: Uint8Array): SignatureCheck {
  const { dataOffset } = layoutOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(dataOffset) !== SUPER_BLOB) throw new Error("the file has no embedded signature");
  for (let index = 0; index < view.getUint32(dataOffset + 8); index++) {
    const directory = dataOffset + view.getUint32(dataOffset + 12 + index * 8 + 4);
    if (view.getUint32(directory) !== CODE_DIRECTORY || view.getUint8(directory + 37) !== HASH_SHA256) continue;
    const limit = view.getUint32(directory + 32);
    const first = directory + view.getUint32(directory + 16);
    const hashes = pageHashes(bytes, limit);
    const same = (hash: Uint8Array, page: number) =>
      Buffer.compare(hash, bytes.subarray(first + page * HASH_BYTES, first + (page + 1) * HASH_BYTES)) === 0;
    const mismatched = hashes.filter((hash, page) => !same(hash, page)).length;
    return { pages: hashes.length, mismatched, coversAll: limit === dataOffset };
  }
  throw new Error("the signature has no SHA-256 code directory");
}

/** The file with a fresh ad-hoc signature, and nothing behind it. */
export function sign(original: Uint8Array, identifier: string): Uint8Array {
  const layout = layoutOf(original);
  const { dataOffset, command, linkEdit, cpu } = layout;
  const identifierBytes = new TextEncoder().encode(`${identifier}\0`);
  const pages = Math.ceil(dataOffset / PAGE_BYTES);
  const directoryBytes = CODE_DIRECTORY_BYTES + identifierBytes.length + pages * HASH_BYTES;
  const signatureBytes = SUPER_BLOB_BYTES + directoryBytes;
  const signed = new Uint8Array(dataOffset + signatureBytes);
  signed.set(original.subarray(0, dataOffset));
  const view = new DataView(signed.buffer);
  // The sizes stand in the first page, so they are set before it is hashed.
  view.setUint32(command + 12, signatureBytes, true);
  const fileOffset = view.getBigUint64(linkEdit + 40, true);
  const fileSize = BigInt(signed.length) - fileOffset;
  const systemPage = cpu === CPU_ARM64 ? 16_384n : 4_096n;
  view.setBigUint64(linkEdit + 48, fileSize, true);
  view.setBigUint64(linkEdit + 32, ((fileSize + systemPage - 1n) / systemPage) * systemPage, true);
  writeSuperBlob(view, layout, directoryBytes, identifierBytes, pages);
  const hashesAt = dataOffset + SUPER_BLOB_BYTES + CODE_DIRECTORY_BYTES + identifierBytes.length;
  for (const [page, hash] of pageHashes(signed, dataOffset).entries()) signed.set(hash, hashesAt + page * HASH_BYTES);
  return signed;
}

function writeSuperBlob(
  view: DataView,
  layout: Layout,
  directoryBytes: number,
  identifier: Uint8Array,
  pages: number,
): void {
  const { dataOffset, text } = layout;
  const words = (at: number, values: number[]) => {
    for (const [index, value] of values.entries()) view.setUint32(at + index * 4, value);
  };
  words(dataOffset, [SUPER_BLOB, SUPER_BLOB_BYTES + directoryBytes, 1, 0, SUPER_BLOB_BYTES]);
  const directory = dataOffset + SUPER_BLOB_BYTES;
  const hashOffset = CODE_DIRECTORY_BYTES + identifier.length;
  words(directory, [
    CODE_DIRECTORY,
    directoryBytes,
    VERSION_WITH_EXEC_SEGMENT,
    ADHOC_LINKER_SIGNED,
    hashOffset,
    CODE_DIRECTORY_BYTES,
    0,
    pages,
    dataOffset,
  ]);
  for (const [index, value] of [HASH_BYTES, HASH_SHA256, 0, PAGE_SHIFT].entries())
    view.setUint8(directory + 36 + index, value);
  view.setBigUint64(directory + 64, text.offset);
  view.setBigUint64(directory + 72, text.size);
  view.setBigUint64(directory + 80, MAIN_BINARY);
  for (const [index, byte] of identifier.entries()) view.setUint8(directory + CODE_DIRECTORY_BYTES + index, byte);
}
