/** The live view of a run: the whole terminal, redrawn in place, and given back as it was at the end. */
import type { LiveStatus, Observation } from '../client.ts';
import { fitScreen } from './render/live.ts';
import type { Terminal } from './terminal.ts';

/** Control sequences of ECMA-48 and xterm. */
const csi = '\u001b[';
const sequences = {
  /** The alternate screen keeps what stood on the terminal, and survives a change of its size. */
  enter: `${csi}?1049h${csi}?25l`,
  leave: `${csi}?25h${csi}?1049l`,
  home: `${csi}H`,
  clearLine: `${csi}K`,
  clearBelow: `${csi}J`,
} as const;

export class Screen {
  private readonly terminal: Terminal;
  private status: LiveStatus | undefined;
  private isOpen = false;
  /** A process that ends by an error must not leave its user on the alternate screen. */
  private readonly leaveAtExit = (): void => this.end();

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  show(observation: Observation): void {
    if (!this.isOpen) this.enter();
    if ('status' in observation) this.status = observation.status;
    const trouble = 'trouble' in observation ? observation.trouble : undefined;
    const { columns: width, rows, colors } = this.terminal;
    const lines = fitScreen(this.status, { now: new Date().toISOString(), width, rows, colors, trouble });
    this.terminal.write(sequences.home + lines.map((line) => line + sequences.clearLine).join('\n') + sequences.clearBelow);
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    process.off('exit', this.leaveAtExit);
    this.terminal.write(sequences.leave);
  }

  private enter(): void {
    this.isOpen = true;
    process.once('exit', this.leaveAtExit);
    this.terminal.write(sequences.enter);
  }
}
