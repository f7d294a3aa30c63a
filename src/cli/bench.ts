/** `lab-tui bench` */
export async function bench(_options: { readonly rounds: string; readonly json?: boolean }): Promise<void> {}
