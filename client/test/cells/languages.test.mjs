import assert from 'node:assert/strict';
import test from 'node:test';
import {languageOf, parserOf} from '../../src/cells/languages.mjs';

test('each kind of cell has its language', async () => {
  assert.ok(languageOf('markdown'));
  assert.ok(languageOf('code', 'python'));
  assert.deepEqual(languageOf('raw', 'python'), []);
  assert.deepEqual(languageOf('code', 'brainfuck'), []);
});

test('the kernel’s language is loaded by the name that the kernel gives it', async () => {
  for (const name of ['R', 'julia', 'JavaScript', 'bash', 'C++', 'rust', 'sql']) {
    const extension = await languageOf('code', name);
    assert.ok(extension.language || extension.extension, name);
  }
});

test('text that is only shown is coloured where the language is at hand', () => {
  assert.ok(parserOf('code', 'ipython3'));
  assert.ok(parserOf('markdown', 'python'));
  assert.equal(parserOf('code', 'R'), null);
  assert.equal(parserOf('raw', 'python'), null);
});
