import MawsDataFiles

/// One image that a user wants packed, with what is known of it.
package struct SourceRow: Sendable {
    /// File and, for a list, line.
    package var file: String
    package var line: Int?
    package var imagePath: ByteName
    package var caption: String?
    /// As they are written; nil where the source says nothing, and the caption's hashtags are taken.
    package var hashtags: [String]?
    /// What is to be counted of the sample; see `SaidHashtags.remarks`.
    package var remarks: [String] = []
    /// The `.json` file beside the image, which a pack keeps as it is.
    package var sidecarPath: ByteName?
    /// Name or number of the class.
    package var className: String?

    package var imageName: String { "\(imagePath)" }

    /// The hashtags that the sample has, normalised.
    package var effectiveHashtags: [String] { SampleHashtags.of(said: hashtags, caption: caption) }

    package func problem(_ text: String) -> DataError {
        line.map { .line(file: file, line: $0, problem: text) } ?? .file(path: file, problem: text)
    }

    /// - Parameter text: continues a sentence that begins with the image. A folder's row has no place but its image.
    package func imageProblem(_ text: String) -> DataError {
        line == nil ? .file(path: "\(imagePath)", problem: text) : problem("the image \(imagePath) \(text)")
    }
}

/// Something that rows come from, in an order that is always the same. Read more than once.
package protocol RowSource {
    /// What is no row, or is assumed of rows: known after a pass.
    var account: SampleAccount { get }

    /// - Parameters:
    ///   - progress: told now and then which share of the source is done, 0...1.
    ///   - body: takes each row, or the problem of a row that cannot be read.
    func forEachRow(progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void) throws

    /// What is to be said of the source after the last pass, a sentence each.
    var notes: [String] { get }
}

extension RowSource {
    package var notes: [String] { [] }
}

extension RowSource {
    package var account: SampleAccount { SampleAccount() }
}
