'use strict';
// Clearing outputs: they are the service's to write, so it is asked.

module.exports = {
  async clearOutputs(all) {
    const ids = (all ? this.order.ids : this.chosenIds()).filter((id) => {
      const cell = this.model.root.get(`cells.${id}`);
      return cell && cell.cell_type === 'code' && cell.outputs && cell.outputs.length;
    });
    if (this.isViewer() || !ids.length) return;
    try {
      if (all) await this.ask('clear');
      else for (const cell of ids) await this.ask('clear', {cell});
    } catch (error) {
      this.toast(`The outputs were not cleared: ${error.message}.`);
    }
  }
};
