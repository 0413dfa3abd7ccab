import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Why a text is no well-formed XML; nil where it is.
struct XMLDocumentCheck {
    let problem: String?

    init(_ text: String) {
        let parser = XMLParser(data: Data(text.utf8))
        problem = parser.parse() ? nil : parser.parserError.map { "\($0)" } ?? "unknown"
    }
}
