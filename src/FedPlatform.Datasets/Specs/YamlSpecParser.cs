using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace FedPlatform.Datasets.Specs;

/// <summary>
/// One YAML document by the core schema of YAML 1.2: what is not null, a bool or a number by its spelling is text, so <c>no</c> and <c>on</c> are text.
/// Aliases and type tags are refused: a spec needs neither, and both are ways to make a small text huge.
/// </summary>
internal static partial class YamlSpecParser
{
    public static SpecNode Parse(string text)
    {
        Parser parser = new(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                return new SpecNull();
            }

            parser.Consume<DocumentStart>();
            SpecNode node = ReadNode(parser, 1);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
            {
                throw new SpecSyntaxException("This YAML holds more than one document; a spec is one.");
            }

            return node;
        }
        catch (YamlException exception)
        {
            throw new SpecSyntaxException($"This is not YAML at line {exception.Start.Line}, column {exception.Start.Column}: {exception.Message}");
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException or NullReferenceException)
        {
            // Seen of the parser itself on damaged text, such as a flow mapping that breaks off inside a word.
            throw new SpecSyntaxException($"This is not YAML after line {parser.Current?.End.Line ?? 1}, column {parser.Current?.End.Column ?? 1}.");
        }
    }

    private static SpecNode ReadNode(Parser parser, int depth)
    {
        if (depth > RunSpecReader.LargestDepth)
        {
            throw new SpecSyntaxException($"This YAML is nested more than {RunSpecReader.LargestDepth} levels deep.");
        }

        if (Take(parser, out Scalar? scalar))
        {
            Refuse(scalar);
            return Resolve(scalar);
        }

        if (Take(parser, out SequenceStart? sequence))
        {
            Refuse(sequence);
            List<SpecNode> items = [];
            while (!Take(parser, out SequenceEnd? _))
            {
                items.Add(ReadNode(parser, depth + 1));
            }

            return new SpecList(items);
        }

        if (Take(parser, out MappingStart? mapping))
        {
            Refuse(mapping);
            List<KeyValuePair<string, SpecNode>> fields = [];
            while (!Take(parser, out MappingEnd? _))
            {
                if (!Take(parser, out Scalar? key))
                {
                    ParsingEvent? found = parser.Current;
                    throw new SpecSyntaxException($"The YAML at line {found?.Start.Line}, column {found?.Start.Column} should be the name of a field.");
                }

                fields.Add(new(key.Value, ReadNode(parser, depth + 1)));
            }

            return new SpecObject(fields);
        }

        ParsingEvent? other = parser.Current;
        throw new SpecSyntaxException($"The YAML at line {other?.Start.Line}, column {other?.Start.Column} uses an alias; write the value out.");
    }

    private static bool Take<T>(Parser parser, [NotNullWhen(true)] out T? taken)
        where T : ParsingEvent
    {
        taken = parser.Accept<T>(out T? found) ? found : null;
        if (taken is not null)
        {
            parser.MoveNext();
        }

        return taken is not null;
    }

    private static void Refuse(NodeEvent node)
    {
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            throw new SpecSyntaxException($"The YAML at line {node.Start.Line}, column {node.Start.Column} uses a type tag; a spec has none.");
        }
    }

    private static SpecNode Resolve(Scalar scalar)
    {
        string value = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain || scalar.Tag.IsNonSpecific)
        {
            return new SpecText(value);
        }

        switch (value)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return new SpecNull();
            case "true" or "True" or "TRUE":
                return new SpecBool(true);
            case "false" or "False" or "FALSE":
                return new SpecBool(false);
            case ".nan" or ".NaN" or ".NAN":
                return new SpecNumber("NaN");
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                return new SpecNumber("Infinity");
            case "-.inf" or "-.Inf" or "-.INF":
                return new SpecNumber("-Infinity");
        }

        if (DecimalNumber().IsMatch(value))
        {
            return new SpecNumber(value);
        }

        if (HexNumber().IsMatch(value))
        {
            return new SpecNumber(BigInteger.Parse("0" + value[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));
        }

        if (OctalNumber().IsMatch(value))
        {
            return new SpecNumber(value[2..].Aggregate(BigInteger.Zero, (sum, digit) => (sum * 8) + (digit - '0')).ToString(CultureInfo.InvariantCulture));
        }

        return new SpecText(value);
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex DecimalNumber();

    [GeneratedRegex(@"^0x[0-9a-fA-F]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex HexNumber();

    [GeneratedRegex(@"^0o[0-7]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex OctalNumber();
}
