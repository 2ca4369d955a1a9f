import { LiveLine } from './live-line.js';

function output(isTTY: boolean, columns = 20) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

describe('LiveLine', () => {
  it('rewrites one line of a terminal and never wraps it', () => {
    const out = output(true, 6);
    const line = new LiveLine(out);
    line.show('one');
    line.show('two and more');
    line.show('two and more');
    expect(out.written).toEqual(['\r\u001b[2Kone', '\r\u001b[2Ktwo a']);
  });

  it('takes 80 columns for a terminal that does not know its width', () => {
    const out = output(true, 0);
    new LiveLine(out).show('x'.repeat(100));
    expect(out.written).toEqual([`\r\u001b[2K${'x'.repeat(79)}`]);
  });

  it('keeps what was said above the live line of a terminal', () => {
    const out = output(true);
    const line = new LiveLine(out);
    line.show('going on');
    line.say('worker killed');
    line.clear();
    expect(out.written.slice(1)).toEqual(['\r\u001b[2Kworker killed\ngoing on', '\r\u001b[2K']);
  });

  it('writes plain lines elsewhere, at intervals, and what is said at once', () => {
    const out = output(false);
    let now = 0;
    const line = new LiveLine(out, 1_000, () => now);
    line.show('1 of 9');
    now = 999;
    line.show('2 of 9');
    line.say('worker killed');
    now = 1_000;
    line.show('3 of 9');
    line.clear();
    expect(out.written).toEqual(['1 of 9\n', 'worker killed\n', '3 of 9\n']);
  });
});
