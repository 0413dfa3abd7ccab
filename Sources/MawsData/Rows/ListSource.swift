import Foundation
import MawsDataFiles

/// The rows of a list: a file of values with commas, tabs, semicolons or bars between them whose first row names the
/// columns (`.csv`, `.tsv`), or an object a line (`.jsonl`).
///
/// `image` is required, a path relative to the list's folder. `caption`, `hashtags` and `class` may be missing or
/// empty; see `ListRole` for what else columns may be called. Hashtags are an array of strings in JSONL, and separated
/// by blanks or commas, or a list as Python prints it, in CSV. `notes` says which columns are read and which are not.
package final class ListSource: RowSource {
    private let path: String
    private let isDelimited: Bool
    /// Columns that the last pass read.
    private var use = ListUse()
    /// Lines of JSON that are parsed at a time.
    private static let batchSize = 4096

    package init(path: String) throws {
        self.path = path
        let name = path.lowercased()
        isDelimited = name.hasSuffix(".csv") || name.hasSuffix(".tsv")
        guard isDelimited || name.hasSuffix(".jsonl") else {
            throw DataError.file(path: path, problem: "is no list: its name must end in .csv, .tsv or .jsonl")
        }
        _ = try InputFile(path: path)
    }

    package var account: SampleAccount { use.account }

    package var notes: [String] { use.sentences.map { "\(path): \($0)" } }

    package func forEachRow(progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void) throws {
        use = ListUse()
        func counted(_ row: Result<SourceRow, DataError>) throws {
            if case .success(let row) = row { use.add(row) }
            try body(row)
        }
        if isDelimited { try forEachDelimitedRow(progress, counted) } else { try forEachJSONRow(progress, counted) }
    }

    private func forEachDelimitedRow(
        _ progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void
    ) throws {
        let (found, columns, width) = try header()
        var reader = found
        use.add(columns)
        let parser = ListRowParser(path: path)
        while let record = try reader.next() {
            if record.line % 1024 == 0 { progress(reader.share) }
            try body(parser.row(record, columns: columns, width: width))
        }
    }

    /// The reader behind the header row, by the first delimiter that gives a column of images.
    private func header() throws -> (CSVReader, ListColumns, width: Int) {
        let tabFirst = path.lowercased().hasSuffix(".tsv")
        let others = [CSVReader.semicolon, UInt8(ascii: "|")]
        var found: [String] = []
        for delimiter in (tabFirst ? [CSVReader.tab, CSVReader.comma] : [CSVReader.comma, CSVReader.tab]) + others {
            var reader = try CSVReader(path: path, delimiter: delimiter)
            let fields = try reader.next()?.fields ?? []
            let names = try fields.map { field in
                guard let name = CSVReader.text(field) else { throw fault("the header \(CSVReader.problem(field))") }
                return name.trimmingCharacters(in: .whitespaces)
            }
            if names.count > found.count { found = names }
            guard names.contains(where: { ListRole(column: $0) == .image }) else { continue }
            reader.passesOverBlanks = reader.hadBlanks
            do throws(ListColumns.Problem) {
                return (reader, try ListColumns(names), names.count)
            } catch {
                throw fault(error.text)
            }
        }
        let names = found.map { "`\($0)`" }.joined(separator: ", ").prefix(200)
        throw fault(
            "expected a header row with a column named image, file_name or filepath, found "
                + (found.isEmpty ? "nothing" : String(names)))
    }

    private func fault(_ problem: String) -> DataError { .line(file: path, line: 1, problem: problem) }

    private func forEachJSONRow(
        _ progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void
    ) throws {
        var reader = try LineReader(path: path)
        let parser = ListRowParser(path: path)
        while true {
            var lines: [(number: Int, text: [UInt8])] = []
            while lines.count < Self.batchSize, let (number, line) = try reader.next() {
                if !line.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { lines.append((number, line)) }
            }
            guard !lines.isEmpty else { return }
            let batch = lines
            for (row, columns) in AllCores.map(
                batch.count, grain: 64, { parser.row(json: batch[$0].text, line: batch[$0].number) })
            {
                if let columns { use.add(columns) }
                try body(row)
            }
            progress(reader.share)
        }
    }
}

/// Which columns of a list were read, and what is to be said of its rows.
private final class ListUse {
    /// Images that are compared with each other: 16 bytes each.
    private static let imagesMax = 1 << 20

    private var used: [ListRole: String] = [:]
    private var unused: Set<String> = []
    private var last: ListColumns?
    /// Digests of their paths.
    private var images: Set<UInt64> = []
    private var repeatCount = 0
    private var firstRepeat = ""

    func add(_ columns: ListColumns) {
        if columns == last { return }
        last = columns
        for (role, _) in columns.positions { used[role] = columns.name(role) }
        unused.formUnion(columns.unused)
    }

    func add(_ row: SourceRow) {
        guard images.count < Self.imagesMax, !images.insert(Self.digest(row.imagePath)).inserted else { return }
        if repeatCount == 0 { firstRepeat = "\(row.imagePath)" }
        repeatCount += 1
    }

    /// FNV-1a.
    private static func digest(_ path: ByteName) -> UInt64 {
        path.bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    var sentences: [String] {
        last == nil ? [] : [ListColumns.sentence(used: used, unused: unused.sorted())]
    }

    var account: SampleAccount {
        var account = SampleAccount()
        account.add(.incomplete, "in a row whose image an earlier row names", example: firstRepeat, count: repeatCount)
        for name in unused.sorted() { account.add(.ignored, "columns of the list that are not read", example: name) }
        return account
    }
}
