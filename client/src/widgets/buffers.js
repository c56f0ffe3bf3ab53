'use strict';
// Binary values: in a document {"_buffer": BASE64}, in a model a DataView. Large ones are beside the
// document, which says so with {"_blob": DIGEST}.
//
// A value that only looks like that is kept as {"_plain": VALUE}.

const MARKERS = ['_buffer', '_blob', '_plain'];

const isMarker = (value) => {
  const keys = value && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : [];
  return keys.length === 1 && MARKERS.includes(keys[0]);
};

const isObject = (value) => value !== null && typeof value === 'object';

function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (symbol) => symbol.charCodeAt(0));
  return new DataView(bytes.buffer);
}

function toBase64(buffer) {
  const bytes = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

// A copy of a document's value as a model has it.
function toModel(value) {
  if (isMarker(value)) return '_plain' in value ? parts(value._plain, toModel) : fromBase64(value._buffer);
  return parts(value, toModel);
}

const isBlob = (value) => isMarker(value) && typeof value._blob === 'string';

// Whether a document's value has parts that are beside it.
function hasBlobs(value) {
  if (!isObject(value)) return false;
  if (isBlob(value)) return true;
  return Object.values(isMarker(value) && '_plain' in value ? Object(value._plain) : value).some(hasBlobs);
}

// A promise for a copy with them in it; `load(digest)` returns one for a part's base64.
async function withBlobs(value, load) {
  if (!hasBlobs(value)) return value;
  if (isBlob(value)) return {_buffer: await load(value._blob)};
  if (Array.isArray(value)) return Promise.all(value.map((item) => withBlobs(item, load)));
  const entries = Object.entries(value).map(async ([key, item]) => [key, await withBlobs(item, load)]);
  return Object.fromEntries(await Promise.all(entries));
}

// A copy of a model's value, binary parts and all, as a document has it.
function toDocument(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return {_buffer: toBase64(value)};
  const copy = parts(value, toDocument);
  return isMarker(value) ? {_plain: copy} : copy;
}

function parts(value, each) {
  if (Array.isArray(value)) return value.map(each);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, each(item)]));
}

// Puts buffers back into the holes of a message's state.
function filled(state, paths = [], buffers = []) {
  paths.forEach((path, index) => {
    const holder = path.slice(0, -1).reduce((part, step) => part[step], state);
    holder[path[path.length - 1]] = buffers[index];
  });
  return state;
}

module.exports = {filled, fromBase64, hasBlobs, toBase64, toDocument, toModel, withBlobs};
