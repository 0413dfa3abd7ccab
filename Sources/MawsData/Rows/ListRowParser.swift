import Foundation
import MawsDataFiles
import MawsFiles
import MawsPlan

/// Makes rows of a list's records. What is wrong is named with line and column.
struct ListRowParser: Sendable {
    /// What pandas and Python print for a value that is missing.
    private static let missing: Set<String> = ["nan", "NaN", "<NA>", "None"]

    let path: String

    /// - Parameter width: of the header.
    func row(_ record: CSVReader.Record, columns: ListColumns, width: Int) -> Result<SourceRow, DataError> {
        let fields = record.fields
        guard fields.count == width else {
            let advice = fields.count > width ? "; a text with the list's delimiter in it belongs in double quotes" : ""
            let counts = "\(fields.count) fields, but the header has \(width)\(advice)"
            return failure(record.line, "the row has \(counts)")
        }
        return parsed(record.line) { () throws(ListColumns.Problem) in
            func text(_ role: ListRole) throws(ListColumns.Problem) -> String? {
                guard let position = columns[role], !fields[position].isEmpty else { return nil }
                guard let text = CSVReader.text(fields[position]) else {
                    throw ListColumns.Problem(
                        text: "column \(columns.name(role)) \(CSVReader.problem(fields[position]))")
                }
                return role != .image && Self.missing.contains(text) ? nil : text
            }
            var hashtags = SaidHashtags()
            if let listed = try text(.hashtags) { hashtags = try tags(listed, columns.name(.hashtags)) }
            return try row(
                record.line, image: text(.image), caption: text(.caption), hashtags: hashtags,
                className: text(.className))
        }
    }

    /// The row, and the columns that its object has.
    func row(json: [UInt8], line: Int) -> (row: Result<SourceRow, DataError>, columns: ListColumns?) {
        let document: JSONValue
        do throws(JSONFault) {
            document = try JSONValue(json)
        } catch {
            return (failure(line, "expected a JSON object on each line: \(error.problem)"), nil)
        }
        guard case .object(let members) = document else {
            return (failure(line, "expected a JSON object, found \(document.kind)"), nil)
        }
        var values: [String: JSONValue] = [:]
        for member in members {
            let former = values.updateValue(member.value, forKey: member.key)
            if former != nil, ListRole(column: member.key) != nil {
                return (failure(line, "the field `\(member.key)` is there more than once"), nil)
            }
        }
        let names = values.count == members.count ? members.map(\.key) : values.keys.sorted()
        do throws(ListColumns.Problem) {
            let columns = try ListColumns(names)
            return (parsed(line) { () throws(ListColumns.Problem) in try row(line, values, columns) }, columns)
        } catch {
            return (failure(line, error.text), nil)
        }
    }

    private func row(
        _ line: Int, _ values: [String: JSONValue], _ columns: ListColumns
    ) throws(ListColumns.Problem) -> SourceRow {
        func value(_ role: ListRole) -> JSONValue? {
            values[columns.name(role)].flatMap { $0.isMissing ? nil : $0 }
        }
        func text(_ role: ListRole, _ expected: String) throws(ListColumns.Problem) -> String? {
            guard let value = value(role) else { return nil }
            guard case .string(let text) = value else {
                throw ListColumns.Problem(
                    text: "column \(columns.name(role)) is \(value.kind), where \(expected) belongs")
            }
            return text
        }
        var className: String?
        if case .number(let number)? = value(.className) {
            className = number
        } else {
            className = try text(.className, "a name or a whole number")
        }
        return try row(
            line, image: text(.image, "a path"), caption: text(.caption, "a string"),
            hashtags: hashtags(values[columns.name(.hashtags)], columns.name(.hashtags)), className: className)
    }

    private func hashtags(_ value: JSONValue?, _ name: String) throws(ListColumns.Problem) -> SaidHashtags {
        switch value {
        case nil: return SaidHashtags()
        case .string(let text)?: return try tags(text, name)
        case .array?: return Sidecar.hashtags(value ?? .null)
        case let value?:
            guard value.isMissing else {
                throw ListColumns.Problem(
                    text: "column \(name) has \(value.kind) as its hashtags, where an array of strings belongs")
            }
            return SaidHashtags()
        }
    }

    private func tags(_ text: String, _ name: String) throws(ListColumns.Problem) -> SaidHashtags {
        guard let said = HashtagList.said(text) else {
            throw ListColumns.Problem(text: "column \(name) is no list of quoted texts: \(text.prefix(40))")
        }
        return said
    }

    private func row(
        _ line: Int, image: String?, caption: String?, hashtags: SaidHashtags, className: String?
    ) throws(ListColumns.Problem) -> SourceRow {
        guard let image, !image.isEmpty else { throw ListColumns.Problem(text: "the row names no image") }
        guard !image.contains("://") else {
            throw ListColumns.Problem(
                text: "the image \(image.prefix(100)) is an address; a list names files, which img2dataset downloads")
        }
        guard caption?.utf8.count ?? 0 <= SamplePart.caption.sizeMax else {
            throw ListColumns.Problem(text: "the caption has more than \(SamplePart.caption.sizeMax) bytes")
        }
        return SourceRow(
            file: path, line: line, imagePath: ByteName(PathText.resolved(image, root: Folder.parent(of: path))),
            caption: caption, hashtags: hashtags.tags, remarks: hashtags.remarks,
            className: try className.flatMap { name throws(ListColumns.Problem) in try self.className(name) })
    }

    /// A name, or a number that may stand as pandas writes whole numbers of a column with gaps, `3.0`. Nil where it is
    /// empty.
    private func className(_ text: String) throws(ListColumns.Problem) -> String? {
        var name = text.trimmingCharacters(in: .whitespaces)
        if name.isEmpty { return nil }
        if name.wholeMatch(of: /[0-9]+\.0+/) != nil { name = String(name.prefix { $0 != "." }) }
        guard name.first == "-" || name.first?.isNumber == true, Double(name) != nil else { return name }
        guard let index = Int(name), (0..<ClassNumbers.numberMax).contains(index) else {
            throw ListColumns.Problem(
                text: "column class is \(name.prefix(20)), where a name or a whole number "
                    + "from 0 to \(ClassNumbers.numberMax - 1) belongs; leave it empty where the class is unknown")
        }
        return name
    }

    private func parsed(
        _ line: Int, _ body: () throws(ListColumns.Problem) -> SourceRow
    ) -> Result<SourceRow, DataError> {
        do throws(ListColumns.Problem) {
            return .success(try body())
        } catch {
            return failure(line, error.text)
        }
    }

    private func failure(_ line: Int, _ problem: String) -> Result<SourceRow, DataError> {
        .failure(.line(file: path, line: line, problem: problem))
    }
}
