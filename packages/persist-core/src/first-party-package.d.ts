// Stands for an adapter package where core imports one by name: all that counts is that it registers itself.
export {};
