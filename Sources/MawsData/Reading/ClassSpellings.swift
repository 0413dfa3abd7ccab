import Foundation
import MawsDataFiles

/// Names of classes as folders and lists spell them, and what is to be said where they do so in more than one way.
package struct ClassSpellings {
    /// As bytes: two spellings of one letter are one text and two of these.
    private var spellings: Set<ByteName> = []

    package init() {}

    package mutating func add(_ name: String) { spellings.insert(ByteName(name)) }

    package var names: Set<String> { Set(texts) }

    /// A sentence each.
    package var notes: [String] { [merged, Self.mixed(names)].compactMap(\.self) }

    private var texts: [String] { spellings.map { String(decoding: $0.bytes, as: UTF8.self) } }

    /// Nil where each class has one spelling.
    private var merged: String? {
        let numbers = ClassNumbers(texts)
        let classes = Dictionary(grouping: spellings) { numbers[String(decoding: $0.bytes, as: UTF8.self)] }
        let several = classes.values.filter { $0.count > 1 }.map { $0.sorted() }.sorted { $0[0] < $1[0] }
        guard let first = several.first else { return nil }
        let words = first.prefix(2).map { String(decoding: $0.bytes, as: UTF8.self) }
        let example =
            words[0] == words[1]
            ? "'\(words[0])', with an accent of its own and without" : "'\(words[0])' and '\(words[1])'"
        return "\(several.count) of the classes \(several.count == 1 ? "has" : "have") spellings that are taken for "
            + "one (\(example))"
    }

    /// What is to be said where some classes are called by numbers and others by names; nil where they are not.
    package static func mixed(_ names: Set<String>) -> String? {
        let numbers = names.filter { Int($0) != nil }.sorted()
        guard let number = numbers.first, let name = names.filter({ Int($0) == nil }).min() else { return nil }
        return "\(numbers.count) of the \(names.count) classes are called by numbers (\(number)) and the others by "
            + "names (\(name)): all are taken for names, and numbered in their order"
    }

    /// What is to be said of the file that names the classes of a pack; nil where there is nothing.
    package static func commas(_ names: [String], file: String) -> String? {
        let several = names.filter { $0.contains(",") }
        guard let first = several.first else { return nil }
        let have = several.count == 1 ? "has a name with a comma" : "have names with commas"
        return "\(several.count) of the classes \(have) ('\(first)'): where \(file) is a zeroshot stage's `classes`, "
            + "the parts are several names of one class"
    }
}
