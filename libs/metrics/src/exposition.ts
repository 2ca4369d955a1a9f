const WHOLE_BOUND = /^(coti_safesync_\w+_bucket\{.*?\ble="\d+)(?=")/gm;

/**
 * Writes the whole bounds of our histograms as Python's client does (`le="1.0"`, where prom-client writes `le="1"`): a fleet
 * of both languages then shares its series. Prometheus 3 makes the same change at scrape time, Prometheus 2 does not.
 */
export function asPythonWritesBounds(exposition: string): string {
  return exposition.replace(WHOLE_BOUND, '$1.0');
}
