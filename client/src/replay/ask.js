'use strict';
// Asks the server about the notebook's history.
const {headers} = require('../kernel/ask');

class Asker {
  constructor({base, notebookId}) {
    this.address = `${base}/derby/notebooks/${notebookId}/history`;
  }

  overview() {
    return this.fetch(this.address, {headers});
  }

  ask(question, body, signal) {
    return this.fetch(`${this.address}/${question}`, {method: 'POST', headers, body: JSON.stringify(body), signal});
  }

  // Returns the answer; throws an error with the server's own words.
  async fetch(address, options) {
    const response = await fetch(address, options);
    if (response.ok) return response.json();
    throw new Error((await response.text()).trim() || `The server answered ${response.status}`);
  }
}

module.exports = {Asker};
