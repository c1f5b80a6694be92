// Decimal numbers as text. The pattern takes time in the length of the text: no digit can be matched in two ways.
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/** Whether text is a decimal number such as 2, -0.95 or 1e-3. */
export const isDecimal = (text: string): boolean => decimal.test(text)
