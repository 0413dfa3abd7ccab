import Foundation
import MawsTraining
import Testing

@Suite struct ZeroShotPromptsTests {
    private func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).txt").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func everyTemplateTakesEveryNameOfAClass() throws {
        let prompts = try ZeroShotPrompts(
            templates: try file("a photo of a {}.\n\nmy {}, a {}\n"), classes: try file("t-shirt, top\nboot\n"))
        #expect(prompts.classes == [["t-shirt", "top"], ["boot"]])
        #expect(
            prompts.prompts(of: 0) == [
                "a photo of a t-shirt.", "my t-shirt, a t-shirt", "a photo of a top.", "my top, a top",
            ])
    }

    @Test func wrongFileIsNamedWithTheLine() throws {
        let (templates, classes) = (try file("a {}\nno place\n"), try file("boot\n , \n"))
        #expect(throws: ZeroShotError.templateWithoutPlace(path: templates, line: 2)) {
            try ZeroShotPrompts(templates: templates, classes: classes)
        }
        #expect(throws: ZeroShotError.classWithoutName(path: classes, line: 2)) {
            try ZeroShotPrompts(templates: try file("{}"), classes: classes)
        }
        #expect(throws: ZeroShotError.unreadable(path: "/nowhere")) {
            try ZeroShotPrompts(templates: "/nowhere", classes: classes)
        }
        let empty = try file(" \n")
        #expect(throws: ZeroShotError.empty(path: empty)) {
            try ZeroShotPrompts(templates: empty, classes: classes)
        }
    }
}
