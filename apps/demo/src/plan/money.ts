/** Cents of a decimal string with two decimals, as the tables and the plan write them. */
export function cents(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

export function decimal(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(3, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
