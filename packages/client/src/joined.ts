/** One object with the functions of the first and, for every other name, the procedures of the second. */
export function joined<A extends object, B extends object>(functions: A, procedures: B): A & B {
  return new Proxy(functions, {
    get: (target, key) => (Object.hasOwn(target, key) ? Reflect.get(target, key) : Reflect.get(procedures, key)),
  }) as A & B;
}
