import { asPythonWritesBounds } from './exposition.js';

describe('asPythonWritesBounds', () => {
  it.each([
    ['coti_safesync_x_seconds_bucket{le="1",table="t"} 3', 'coti_safesync_x_seconds_bucket{le="1.0",table="t"} 3'],
    ['coti_safesync_x_seconds_bucket{table="t",le="10"} 3', 'coti_safesync_x_seconds_bucket{table="t",le="10.0"} 3'],
  ])('gives a whole bound of ours its decimal: %s', (line, expected) => {
    expect(asPythonWritesBounds(`# HELP a b\n${line}\n`)).toBe(`# HELP a b\n${expected}\n`);
  });

  it.each([
    'coti_safesync_x_seconds_bucket{le="0.075",table="t"} 3',
    'coti_safesync_x_seconds_bucket{le="+Inf",table="t"} 3',
    'coti_safesync_x_seconds_sum{table="1"} 1',
    'http_request_seconds_bucket{le="1"} 3',
  ])('leaves everything else as it is: %s', (line) => {
    expect(asPythonWritesBounds(line)).toBe(line);
  });
});
