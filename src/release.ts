/**
 * Gives the memory behind a list back now: the collector does not know how large it is and takes its time. The list is empty
 * afterwards. Does nothing for a list that is only a part of its memory.
 */
export function release(list: Uint8Array | Int32Array): void {
  const { buffer } = list;
  if (buffer instanceof ArrayBuffer && list.byteLength === buffer.byteLength) buffer.transfer(0);
}
