import Foundation
import MawsRecords

/// A piece of HTML. Strings put into one by interpolation are escaped, other pieces are not:
/// `"<p>\(name)</p>" as Markup` is safe whatever the name. Void elements are closed (`<img … />`), so that the page is
/// well-formed XML too.
package struct Markup: ExpressibleByStringInterpolation, Sendable {
    package var html: String

    package init(html: String) { self.html = html }
    package init(stringLiteral value: String) { html = value }
    package init(stringInterpolation: Interpolation) { html = stringInterpolation.html }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var html = ""

        package init(literalCapacity: Int, interpolationCount: Int) { html.reserveCapacity(2 * literalCapacity) }

        package mutating func appendLiteral(_ literal: String) { html += literal }
        package mutating func appendInterpolation(_ text: String) { html += Markup.escape(text) }
        package mutating func appendInterpolation(_ number: Int) { html += String(number) }
        /// Coordinates: two decimals.
        package mutating func appendInterpolation(_ number: Double) { html += Figure.decimal(number, places: 2) }
        package mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
        package mutating func appendInterpolation(_ parts: [Markup]) { for part in parts { html += part.html } }
        package mutating func appendInterpolation(_ markup: Markup?) { html += markup?.html ?? "" }
    }

    /// Text as HTML: the five special characters as entities, control characters that XML forbids as U+FFFD.
    package static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    package static func + (left: Self, right: Self) -> Self { Markup(html: left.html + right.html) }
}
