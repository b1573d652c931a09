using System.Text;
using System.Text.Json;

namespace FedPlatform.Datasets.Specs;

/// <summary>JSON with comments and trailing commas, duplicate keys kept.</summary>
internal static class JsonSpecParser
{
    public static SpecNode Parse(string text)
    {
        try
        {
            Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(text), new JsonReaderOptions
            {
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
                MaxDepth = RunSpecReader.LargestDepth,
            });
            reader.Read();
            SpecNode node = ReadValue(ref reader);
            while (reader.Read())
            {
            }

            return node;
        }
        catch (JsonException exception)
        {
            // The reader's own message ends in its position, counted from 0.
            string message = exception.Message;
            int tail = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw new SpecSyntaxException(
                $"This is not JSON at line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: {(tail < 0 ? message : message[..tail])}");
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair written as \uD800: valid JSON, but no text.
            throw new SpecSyntaxException($"This JSON holds text that is no Unicode: {exception.Message}");
        }
    }

    private static SpecNode ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                List<KeyValuePair<string, SpecNode>> fields = [];
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    string name = reader.GetString()!;
                    reader.Read();
                    fields.Add(new(name, ReadValue(ref reader)));
                }

                return new SpecObject(fields);
            case JsonTokenType.StartArray:
                List<SpecNode> items = [];
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ReadValue(ref reader));
                }

                return new SpecList(items);
            case JsonTokenType.String:
                return new SpecText(reader.GetString()!);
            case JsonTokenType.Number:
                return new SpecNumber(Encoding.UTF8.GetString(reader.ValueSpan));
            case JsonTokenType.True or JsonTokenType.False:
                return new SpecBool(reader.GetBoolean());
            default:
                return new SpecNull();
        }
    }
}
