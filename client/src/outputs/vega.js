'use strict';
// Draws Vega and Vega-Lite, which are loaded when the first chart is there.

const VEGA = /^application\/vnd\.vega(lite)?\.v\d+(\.\d+)*[.+]json$/;

function isVega(mime) {
  return VEGA.test(mime);
}

// What a specification says of the embedding is ours to say: it could name another loader.
function specOf({usermeta, ...spec}) {
  return spec;
}

function drawVega(element, mime, spec) {
  const mode = VEGA.exec(mime)[1] ? 'vega-lite' : 'vega';
  const place = document.createElement('div');
  place.className = 'vega';
  element.append(place);
  import('./vega-embed.mjs')
    .then(({embed, expressionInterpreter}) => embed(place, specOf(spec), {
      mode, ast: true, expr: expressionInterpreter, actions: false, renderer: 'svg', tooltip: true
    }))
    .catch((error) => {
      place.className = 'loading';
      place.textContent = `This chart could not be drawn: ${error.message}`;
    });
}

module.exports = {drawVega, isVega, specOf};
