// Stands in for React: one component at a time, drawn anew whenever its state has changed; what it shows can be read, and pressed.

let component = null; // the one that is being drawn, or was last
let hook = 0;

export class Shown {
  constructor(draw) {
    component = this;
    this.draw = draw;
    this.hooks = [];
    this.render();
  }

  render() {
    hook = 0;
    this.tree = this.draw({});
  }

  /** All elements of this kind. */
  all(type, node = this.tree) {
    if (node === null || typeof node !== "object") return [];
    const below = node.children.flat(Infinity).flatMap((child) => this.all(type, child));
    return node.type === type ? [node, ...below] : below;
  }

  text(node) {
    return node.children.flat(Infinity).filter((child) => typeof child === "string").join("");
  }

  /** Presses a button; an Error if it cannot be. */
  press(label) {
    const button = this.all("button").find((each) => this.text(each) === label);
    if (!button || button.props.disabled) throw new Error(`there is no button ${label} to press`);
    button.props.onClick();
  }
}

export const Fragment = Symbol("Fragment");
export const createElement = (type, props, ...children) => ({ type, props: props ?? {}, children });

export function useRef(initial) {
  const at = hook++;
  component.hooks[at] ??= { current: initial };
  return component.hooks[at];
}

export function useState(initial) {
  const at = hook++;
  const own = component;
  if (!(at in own.hooks)) own.hooks[at] = initial;
  const set = (next) => {
    own.hooks[at] = typeof next === "function" ? next(own.hooks[at]) : next;
    own.render();
  };
  return [own.hooks[at], set];
}
