/// One image that a user wants packed, with what is known of it.
struct SourceRow: Sendable {
    /// File and, for a list, line.
    var file: String
    var line: Int?
    var imagePath: ByteName
    var caption: String?
    /// Nil where the source says nothing; the caption's hashtags are taken then.
    var hashtags: [String]?
    /// Name or number of the class.
    var className: String?

    func problem(_ text: String) -> DataError {
        line.map { .line(file: file, line: $0, problem: text) } ?? .file(path: file, problem: text)
    }

    /// - Parameter text: continues a sentence that begins with the image. A folder's row has no place but its image.
    func imageProblem(_ text: String) -> DataError {
        line == nil ? .file(path: "\(imagePath)", problem: text) : problem("the image \(imagePath) \(text)")
    }
}

/// Something that rows come from, in an order that is always the same. Read more than once.
protocol RowSource {
    /// What is no row, or is assumed of all rows: known before the first of them is read.
    var account: SampleAccount { get }

    /// - Parameters:
    ///   - progress: told now and then which share of the source is done, 0...1.
    ///   - body: takes each row, or the problem of a row that cannot be read.
    func forEachRow(progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void) throws
}

extension RowSource {
    var account: SampleAccount { SampleAccount() }
}
