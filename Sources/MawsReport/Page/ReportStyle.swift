/// The page's style sheet: system fonts, one accent, light and dark by the reader's setting.
enum ReportStyle {
    static let sheet = palette + type + tables + charts + images + evaluation + small

    private static let palette = """
        :root { color-scheme: light dark; --page: #fcfcfb; --ink: #1c2026; --muted: #667080; --rule: #e3e4e1;
          --panel: #f4f4f2; --accent: #2457c5; --second: #b4530a; --hit: 36 87 197; --miss: 201 92 16; }
        @media (prefers-color-scheme: dark) {
          :root { --page: #14161a; --ink: #e4e6ea; --muted: #98a1ae; --rule: #2c3037; --panel: #1c1f25;
            --accent: #86aaff; --second: #f0a060; --hit: 74 120 230; --miss: 196 98 36; } }

        """

    private static let type = """
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 70rem; padding: 2.5rem 1.5rem 4rem; background: var(--page);
          color: var(--ink); font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
          font-variant-numeric: tabular-nums; }
        h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 .35rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.3rem; margin: 3.2rem 0 1rem; padding-top: .9rem; border-top: 1px solid var(--rule); }
        h3 { font-size: 1.02rem; margin: 2rem 0 .5rem; }
        h4 { font-size: .95rem; margin: 0 0 .5rem; display: flex; justify-content: space-between; gap: 1rem; }
        p { margin: .4rem 0; max-width: 46rem; }
        .note, .muted { color: var(--muted); font-size: .88rem; font-weight: 400; }
        .lead { color: var(--muted); max-width: none; }
        .alert { border-left: 3px solid var(--second); padding-left: .8rem; }
        nav { display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; margin: 1.3rem 0 0; font-size: .92rem; }
        a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1rem;
          margin: 1.6rem 0 0; }
        .figure { background: var(--panel); border-radius: .5rem; padding: .8rem 1rem; }
        .figure span { display: block; }
        .figure .value { font-size: 1.7rem; font-weight: 600; line-height: 1.25; letter-spacing: -.01em; }
        .figure .name { font-size: .92rem; }
        code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
          font-size: .82rem; }
        pre { background: var(--panel); border-radius: .5rem; padding: 1rem; overflow-x: auto; line-height: 1.45; }
        summary { cursor: pointer; color: var(--accent); }

        """

    private static let tables = """
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .92rem; }
        th { font-weight: 600; text-align: left; }
        table.plain { width: 100%; }
        table.plain th, table.plain td { padding: .42rem .8rem .42rem 0; border-bottom: 1px solid var(--rule);
          white-space: nowrap; }
        table.plain td, table.plain thead th:not(:first-child) { text-align: right; }
        table.plain thead th { color: var(--muted); font-weight: 500; font-size: .85rem; }
        table.plain tfoot td, table.plain tfoot th { border-bottom: 0; font-weight: 600; }
        table.plain th:last-child, table.plain td:last-child { padding-right: 0; }
        table.plain td.text, table.plain thead th.text:not(:first-child) { text-align: left; white-space: normal; }
        table.events td { text-align: left; white-space: normal; overflow-wrap: anywhere; font-size: .85rem;
          vertical-align: top; }
        table.events time { color: var(--muted); white-space: nowrap; }
        table.events .warning td:last-child { border-left: 3px solid var(--second); padding-left: .6rem; }
        li, dd { overflow-wrap: anywhere; }
        table.hashes td { text-align: left; white-space: normal; overflow-wrap: anywhere; padding-right: 0; }

        """

    private static let charts = """
        .charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.4rem 2rem;
          margin-top: .8rem; }
        .chart { width: 100%; height: auto; display: block; overflow: visible; }
        .chart text { font-size: 11.5px; fill: var(--muted); font-family: inherit; }
        .chart .title { fill: var(--ink); font-weight: 600; font-size: 13px; }
        .chart .unit { fill: var(--muted); font-weight: 400; font-size: 11.5px; }
        .chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
        .chart .grid { stroke: var(--rule); stroke-width: 1; }
        .chart .axis { stroke: var(--muted); stroke-width: 1; }
        .chart polyline { fill: none; stroke-linejoin: round; stroke-linecap: round; }
        .chart .raw { stroke: var(--accent); stroke-width: 1; opacity: .3; }
        .chart .first { stroke: var(--accent); stroke-width: 2; }
        .chart .second { stroke: var(--second); stroke-width: 2; }
        .chart circle.first, .chart circle.raw { fill: var(--accent); } .chart circle.second { fill: var(--second); }

        """

    private static let images = """
        img { display: block; width: 100%; height: auto; border-radius: 3px; background: #000; }
        img.pixels { image-rendering: pixelated; }
        .strip { display: grid; grid-template-columns: repeat(var(--count), minmax(0, 1fr)); gap: .35rem; }
        .strip .label { grid-column: 1 / -1; font-size: .85rem; color: var(--muted); margin-top: .5rem; }
        .missing { display: block; aspect-ratio: 1; border: 1px dashed var(--rule); border-radius: 3px; }
        .captions { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr));
          gap: 1.6rem 2.4rem; margin-top: 1rem; }
        .caption .row { display: grid; grid-template-columns: 2.8rem repeat(6, minmax(0, 1fr)); gap: .35rem;
          margin-bottom: .4rem; align-items: start; }
        .caption .row .label { font-size: .82rem; color: var(--muted); padding-top: .2rem; }
        .caption .row .muted { grid-column: 2 / -1; padding-top: .2rem; font-size: .82rem; }
        figure { margin: 0; }
        figcaption { font-size: .72rem; line-height: 1.25; color: var(--muted); margin-top: .15rem; text-align: center;
          overflow-wrap: break-word; hyphens: auto; }

        """

    private static let evaluation = """
        table.confusion { font-size: .82rem; margin-top: .6rem; }
        table.confusion td { text-align: center; min-width: 3.1rem; height: 2.1rem; padding: 0 .3rem;
          border: 1px solid var(--page); }
        table.confusion tbody th, table.confusion tfoot th { text-align: right; padding-right: .6rem; font-weight: 500;
          white-space: nowrap; position: sticky; left: 0; background: var(--page); }
        table.confusion thead th { vertical-align: bottom; font-weight: 500; padding: 0 0 .4rem; }
        table.confusion thead th span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap;
          display: block; margin: 0 auto; }
        table.confusion td.none { color: var(--muted); opacity: .45; background: var(--panel); }
        table.confusion td.hit { background: rgb(var(--hit) / var(--share)); }
        table.confusion td.miss { background: rgb(var(--miss) / var(--share)); }
        table.confusion td.hit { font-weight: 600; } table.confusion td.strong { color: #fff; }
        table.confusion .share, table.confusion tfoot th { color: var(--muted); }
        table.confusion tfoot th { font-weight: 500; }
        table.bars { width: 100%; max-width: 46rem; }
        table.bars th, table.bars td { padding: .18rem 1rem .18rem 0; white-space: nowrap; font-weight: 500; }
        table.bars thead th { color: var(--muted); font-size: .85rem; }
        table.bars tbody th { width: 1%; }
        .bar { display: inline-block; vertical-align: middle; width: calc(100% - 4.2rem); min-width: 4rem;
          height: .6rem; border-radius: .3rem; background: var(--panel); overflow: hidden; }
        .bar span { display: block; height: 100%; background: var(--accent); border-radius: .3rem; }
        .percent { display: inline-block; width: 4rem; text-align: right; font-size: .85rem; }

        """

    private static let small = """
        @media (max-width: 44rem) {
          body { padding: 1.4rem 1rem 3rem; } h1 { font-size: 1.6rem; }
          .charts { grid-template-columns: minmax(0, 1fr); }
          .chart text, .chart .unit { font-size: 14px; } .chart .title { font-size: 16px; }
          .strip { gap: .2rem; }
          .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem; }
          .figure .value { font-size: 1.35rem; }
          table.stack, table.stack tbody, table.stack tfoot { display: block; }
          table.stack thead { display: none; }
          table.stack tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1.2rem;
            padding: .6rem 0; border-bottom: 1px solid var(--rule); }
          table.stack th[scope=row] { grid-column: 1 / -1; border: 0; padding: 0; }
          table.plain.stack td, table.plain.stack td.text { display: flex; justify-content: space-between; gap: .6rem;
            border: 0; padding: .1rem 0; text-align: right; white-space: normal; overflow-wrap: anywhere; }
          table.stack td::before { content: attr(data-title); color: var(--muted); font-weight: 400;
            white-space: nowrap; }
          table.plain.stack td.text { grid-column: 1 / -1; }
          table.plain.stack td.empty { display: none; }
          table.hashes, table.hashes tbody, table.hashes tr, table.hashes th, table.hashes td,
          table.events, table.events tbody, table.events tr, table.events td { display: block; }
          table.plain.hashes th { border: 0; padding: .5rem 0 0; }
          table.plain.events td:first-child { border: 0; padding: .4rem 0 0; }
          table.bars th, table.bars td { padding-right: .6rem; white-space: normal; }
          .bar { width: 100%; min-width: 2.5rem; } .percent { display: block; width: auto; text-align: left; }
          table.confusion { font-size: .72rem; } table.confusion td { min-width: 2.1rem; padding: 0 .15rem; }
        }
        @media print { body { max-width: none; padding: 0; } nav { display: none; }
          section, .chart, .caption { break-inside: avoid; } }

        """
}
