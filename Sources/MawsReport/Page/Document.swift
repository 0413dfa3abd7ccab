/// A page of its own: opens offline, on any screen, light and dark.
package struct Document {
    let title: String
    let header: Markup
    let main: Markup

    package init(title: String, header: Markup, main: Markup) {
        (self.title, self.header, self.main) = (title, header, main)
    }

    package var markup: Markup {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>\(title) – maws</title>
        <style>\(Markup(html: ReportStyle.sheet))</style>
        </head>
        <body>
        \(header)
        <main>
        \(main)</main>
        </body>
        </html>

        """
    }
}
