import Foundation

/// The rows of a list: a CSV file whose first row names the columns, or a JSONL file with an object a line.
///
/// `image` is required, a path relative to the list's folder. `caption`, `hashtags` and `class` may be missing or
/// empty. Hashtags are an array of strings in JSONL, and separated by blanks or commas in CSV. Other columns are passed
/// over.
struct ListSource: RowSource, Sendable {
    private let path: String
    private let isCSV: Bool
    /// Lines of JSON that are parsed at a time.
    private static let batchSize = 4096

    init(path: String) throws {
        self.path = path
        guard path.hasSuffix(".csv") || path.hasSuffix(".jsonl") else {
            throw DataError.file(path: path, problem: "is no list: its name must end in .csv or .jsonl")
        }
        isCSV = path.hasSuffix(".csv")
        _ = try InputFile(path: path)
    }

    func forEachRow(progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void) throws {
        if isCSV { try forEachCSVRow(progress, body) } else { try forEachJSONRow(progress, body) }
    }

    private func forEachCSVRow(
        _ progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void
    ) throws {
        var reader = try CSVReader(path: path)
        guard let header = try reader.next()?.fields, header.contains("image") else {
            throw DataError.line(file: path, line: 1, problem: "expected a header row with a column named image")
        }
        while let record = try reader.next() {
            if record.line % 1024 == 0 { progress(reader.share) }
            guard record.fields.count == header.count else {
                let counts = "\(record.fields.count) fields, but the header has \(header.count)"
                try body(.failure(.line(file: path, line: record.line, problem: "the row has \(counts)")))
                continue
            }
            try body(row(csv: Dictionary(zip(header, record.fields)) { first, _ in first }, line: record.line))
        }
    }

    private func row(csv fields: [String: String], line: Int) -> Result<SourceRow, DataError> {
        func text(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
        return row(
            line: line, image: text("image"), caption: text("caption"), hashtags: text("hashtags").map(Self.tags),
            className: text("class"))
    }

    private func forEachJSONRow(
        _ progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void
    ) throws {
        var reader = try LineReader(path: path)
        while true {
            var lines: [(number: Int, text: [UInt8])] = []
            while lines.count < Self.batchSize, let (number, line) = try reader.next() {
                if !line.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { lines.append((number, line)) }
            }
            guard !lines.isEmpty else { return }
            let batch = lines
            for row in AllCores.map(batch.count, grain: 64, { row(json: batch[$0].text, line: batch[$0].number) }) {
                try body(row)
            }
            progress(reader.share)
        }
    }

    private func row(json: [UInt8], line: Int) -> Result<SourceRow, DataError> {
        guard let fields = (try? JSONSerialization.jsonObject(with: Data(json))) as? [String: Any] else {
            return .failure(.line(file: path, line: line, problem: "expected a JSON object"))
        }
        var hashtags: [String]?
        switch fields["hashtags"] {
        case nil, is NSNull: break
        case let tags as [String]: hashtags = tags
        case let tags as String: hashtags = Self.tags(tags)
        default: return .failure(.line(file: path, line: line, problem: "hashtags must be an array of strings"))
        }
        return row(
            line: line, image: fields["image"] as? String, caption: fields["caption"] as? String, hashtags: hashtags,
            className: (fields["class"] as? String) ?? (fields["class"] as? Int).map(String.init))
    }

    private func row(
        line: Int, image: String?, caption: String?, hashtags: [String]?, className: String?
    ) -> Result<SourceRow, DataError> {
        guard let image, !image.isEmpty else {
            return .failure(.line(file: path, line: line, problem: "the row names no image"))
        }
        return .success(
            SourceRow(
                file: path, line: line,
                imagePath: ByteName(Dataset.resolved(image, root: OutputFolder.parent(of: path))),
                caption: caption, hashtags: hashtags, className: className))
    }

    private static func tags(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == "#" || $0.isWhitespace }.map(String.init)
    }
}
