using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FedPlatform.Datasets.Specs;

/// <summary>Objects of scalars as block YAML; text is quoted unless it is a plain word that cannot be taken for anything else.</summary>
internal static partial class YamlSpecWriter
{
    public static void Write(JsonObject node, StringBuilder text, int indent)
    {
        foreach ((string name, JsonNode? value) in node)
        {
            text.Append(' ', indent).Append(name).Append(':');
            if (value is JsonObject inner)
            {
                text.Append('\n');
                Write(inner, text, indent + 2);
            }
            else
            {
                text.Append(' ').Append(Scalar(value)).Append('\n');
            }
        }
    }

    private static string Scalar(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.String => Text(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static string Text(string value)
    {
        if (PlainWord().IsMatch(value) && value.ToLowerInvariant() is not ("null" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n"))
        {
            return value;
        }

        StringBuilder quoted = new("\"");
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' || c is '\uFFFE' or '\uFFFF' =>
                    quoted.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture)),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex PlainWord();
}
