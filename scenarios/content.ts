import { DataPipeline, type FlowOrchestrator, ReactiveStream } from "../src/flows.ts";
import type { FlowItem } from "../src/index.ts";

interface Article {
  readonly title: string;
  readonly body: string;
  readonly pictures: readonly { readonly file: string; readonly width: number; readonly height: number }[];
}

interface Published extends Article {
  readonly slug: string;
  readonly terms: readonly string[];
  readonly summary: string;
  readonly minutes: number;
  readonly sources: readonly string[];
}

const WORDS_PER_MINUTE = 220;
const WIDTHS = [320, 640, 1280, 2560] as const;
const COMMON = new Set(["the", "a", "of", "and", "to", "in", "is", "it", "that", "for", "on", "with", "as", "are"]);
const KEPT = 5000;

/** Articles from draft to readers. */
export default function content(flows: FlowOrchestrator): (item: FlowItem) => Promise<unknown> {
  const published = flows.register(ReactiveStream.of<Published>("published"));
  const index = new Map<string, string[]>();
  published.subscribe(
    ({ slug, terms }) => {
      for (const term of terms) {
        const slugs = index.get(term) ?? [];
        slugs.push(slug);
        if (slugs.length > 100) slugs.shift();
        index.set(term, slugs);
      }
    },
    { name: "search index" },
  );
  const inboxes = Array.from({ length: 20 }, () => [] as string[]);
  published.subscribe(
    ({ title, summary, minutes }) => {
      for (const inbox of inboxes) {
        inbox.push(`${title} (${minutes} min): ${summary}`);
        if (inbox.length > KEPT / inboxes.length) inbox.shift();
      }
    },
    { name: "readers" },
  );

  const articles = flows.register(
    DataPipeline.of<Article>("articles", { onFailure: () => {} })
      .stage("validate", (article) => {
        if (article.title.trim() === "") throw new Error("an article has a title");
        if (article.body.length < 100) throw new Error("an article has a text");
        return article;
      })
      .stage("seo", (article) => {
        const words = article.body.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
        const counts = new Map<string, number>();
        for (const word of words) if (!COMMON.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
        const terms = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 8);
        const slug = article.title
          .toLowerCase()
          .replaceAll(/[^\p{L}\d]+/gu, "-")
          .replaceAll(/^-|-$/g, "");
        const summary = `${article.body.slice(0, 150).replace(/\s+\S*$/, "")} …`;
        return { ...article, slug, summary, terms: terms.map(([term]) => term), minutes: Math.ceil(words.length / WORDS_PER_MINUTE) };
      })
      .stage("media", (article) => ({
        ...article,
        sources: article.pictures.flatMap(({ file, width, height }) =>
          WIDTHS.filter((wide) => wide <= width).map((wide) => `${file}?w=${wide}&h=${Math.round((height * wide) / width)} ${wide}w`),
        ),
      }))
      .into((article) => published.emit(article)),
  );
  return (item) => articles.process(articleOf(item));
}

const VOCABULARY = "queue stream event bus stage worker batch latency the of and is a pressure arrival service to core thread wait".split(
  " ",
);

/** About one draft in fifty is not fit to be published. */
function articleOf({ index }: FlowItem): Article {
  const words = Array.from({ length: 400 }, (_, i) => VOCABULARY[(index * 31 + i * i * 7 + i) % VOCABULARY.length]);
  const title = index % 53 === 17 ? " " : `On the ${words[0]} and the ${words[7]}, part ${index}`;
  const pictures = Array.from({ length: index % 4 }, (_, i) => ({
    file: `/media/${index}-${i}.jpg`,
    width: 800 * (i + 1),
    height: 600 * (i + 1),
  }));
  return { title, body: index % 101 === 29 ? "soon" : words.join(" "), pictures };
}
