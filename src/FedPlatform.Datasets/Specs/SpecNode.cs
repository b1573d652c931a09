namespace FedPlatform.Datasets.Specs;

/// <summary>What JSON and YAML have in common, with what a JSON document model hides: duplicate keys.</summary>
internal abstract record SpecNode
{
    /// <summary>What it is, for messages.</summary>
    public abstract string Kind { get; }

    /// <summary>As written, for messages; null where it would not fit on a line.</summary>
    public virtual string? Written => null;
}

internal sealed record SpecText(string Value) : SpecNode
{
    public override string Kind => "text";

    public override string Written => Value.Length <= 80 ? Value : Value[..80] + "…";
}

/// <param name="Literal">As written; in the number format of the invariant culture, NaN and Infinity included.</param>
internal sealed record SpecNumber(string Literal) : SpecNode
{
    public override string Kind => "a number";

    public override string Written => Literal;
}

internal sealed record SpecBool(bool Value) : SpecNode
{
    public override string Kind => "true or false";

    public override string Written => Value ? "true" : "false";
}

internal sealed record SpecNull : SpecNode
{
    public override string Kind => "null";

    public override string Written => "null";
}

internal sealed record SpecList(IReadOnlyList<SpecNode> Items) : SpecNode
{
    public override string Kind => "a list";
}

internal sealed record SpecObject(IReadOnlyList<KeyValuePair<string, SpecNode>> Fields) : SpecNode
{
    public override string Kind => "an object";
}

/// <summary>The text is no JSON or YAML, or beyond the bounds; the message says where.</summary>
internal sealed class SpecSyntaxException(string message) : Exception(message);
