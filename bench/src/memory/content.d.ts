export declare function content(bytes: number): AsyncGenerator<Uint8Array<ArrayBuffer>, void>;
export declare function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<string>;
