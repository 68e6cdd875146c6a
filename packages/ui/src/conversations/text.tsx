/** Markdown as elements: text of agents becomes text, whatever stands in it. */
import { plainText } from "@agentmesh/protocol/shown";
import type { ComponentChildren } from "preact";
import { type Block, blocksOf, type Inline } from "./markdown.ts";

/** The text of a message. */
export function Markdown({ text }: { text: string }) {
  return <div class="markdown">{blocksOf(plainText(text)).map(block)}</div>;
}

function block(of: Block, key: number): ComponentChildren {
  switch (of.kind) {
    case "paragraph":
      return <p key={key}>{of.of.map(inline)}</p>;
    case "heading":
      return (
        <p class="heading" key={key}>
          {of.of.map(inline)}
        </p>
      );
    case "code":
      return <pre key={key}>{of.text}</pre>;
    case "rule":
      return <hr key={key} />;
    case "quote":
      return <blockquote key={key}>{of.of.map(block)}</blockquote>;
    case "list": {
      const items = of.items.map((item, at) => <li key={`${at}`}>{item.map(inline)}</li>);
      return of.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
  }
}

function inline(of: Inline, key: number): ComponentChildren {
  switch (of.kind) {
    case "text":
      return of.text;
    case "code":
      return <code key={key}>{of.text}</code>;
    case "strong":
      return <strong key={key}>{of.of.map(inline)}</strong>;
    case "em":
      return <em key={key}>{of.of.map(inline)}</em>;
    case "link":
      return (
        <span key={key}>
          {of.text} <small>({of.url})</small>
        </span>
      );
  }
}
